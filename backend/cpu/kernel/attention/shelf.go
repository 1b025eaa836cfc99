package attention

import "github.com/gocompile/gocompile/backend/cpu/kernel/gemm"

const (
	shelfFloats = 1 << 19 // most numbers of a head of keys and values that a thread keeps packed
	shelfRows   = 32      // least rows of a block for which packed keys and values are worth it
)

// shelf holds the tiles of one head of keys and values, packed, while a thread solves several blocks on them.
type shelf struct {
	task         *task
	pair         int // of batch and head
	keys, values []packed
}

type packed struct {
	gemm.Packed
	done bool
}

// open makes it the shelf of a head. Blocks that follow each other are mostly of the same one, for which it stays as it is.
func (s *shelf) open(k *task, pair int) {
	if s.task == k && s.pair == pair {
		return
	}
	s.task, s.pair = k, pair
	for i := range s.keys {
		s.keys[i].done, s.values[i].done = false, false
	}
}

// holds reports whether the tile of keys [k, k+n) belongs on the shelf: other blocks must want just the same.
func (s *shelf) holds(b *block, k, n int) bool {
	p := b.p
	if s.task.blocks < 2 || s.task.splits > 1 || s.task.plan.rows < shelfRows || p.Keys*(p.Size+p.ValueSize) > shelfFloats || k%tileKeys != 0 || n != min(tileKeys, p.Keys-k) {
		return false
	}
	for tiles := (p.Keys + tileKeys - 1) / tileKeys; len(s.keys) < tiles; {
		s.keys, s.values = append(s.keys, packed{}), append(s.values, packed{})
	}
	return true
}

// keysOf is the transpose of keys [k, k+n), packed; nil if they are not kept.
func (t *thread) keysOf(b *block, k, n int) *gemm.Packed {
	if !t.shelf.holds(b, k, n) {
		return nil
	}
	m := &t.shelf.keys[k/tileKeys]
	if !m.done {
		data, row := b.p.K.rows(t.wide, b.batch, b.group, k, n, b.p.Size)
		t.gemm.Pack(&m.Packed, data, b.p.Size, n, row, true)
		m.done = true
	}
	return &m.Packed
}

// valuesOf is the values of keys [k, k+n), packed; nil if they are not kept.
func (t *thread) valuesOf(b *block, k, n int) *gemm.Packed {
	if b.careful || !t.shelf.holds(b, k, n) {
		return nil
	}
	m := &t.shelf.values[k/tileKeys]
	if !m.done {
		data, row := b.p.V.rows(t.wide, b.batch, b.group, k, n, b.p.ValueSize)
		t.gemm.Pack(&m.Packed, data, n, b.p.ValueSize, row, false)
		m.done = true
	}
	return &m.Packed
}
