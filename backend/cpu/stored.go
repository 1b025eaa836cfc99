package cpu

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// form is what [backend.Pack.Form] says of a packed matrix.
type form struct {
	gemm.Layout
	Trans        bool `json:",omitempty"`
	First, Count int  `json:",omitempty"` // columns that are packed; a count of 0: all
}

// Packs implements [backend.Program].
func (p *Program) Packs() ([]backend.Pack, []*tensor.Tensor) {
	p.packs.mu.Lock()
	defer p.packs.mu.Unlock()
	var all []backend.Pack
	matrices := map[*tensor.Tensor]map[packedMatrix]*gemm.Packed{}
	for key, v := range p.packs.m {
		k, ok := key.(packedMatrix)
		if !ok || k.scale != nil { // integers take less than the floats that would be stored for them
			continue
		}
		m := v.(*gemm.Packed)
		text, err := json.Marshal(form{m.Layout(), k.trans, k.part.first, k.part.count})
		if err != nil {
			panic("BUG: " + err.Error())
		}
		all = append(all, backend.Pack{Constant: k.weights, Form: string(text), Data: m.Data()})
		if matrices[k.weights] == nil {
			matrices[k.weights] = map[packedMatrix]*gemm.Packed{}
		}
		matrices[k.weights][k] = m
	}
	slices.SortFunc(all, func(a, b backend.Pack) int { return cmp.Compare(a.Form, b.Form) }) // the same file for the same model
	var spare []*tensor.Tensor
	read := p.read()
	for t, parts := range matrices {
		if !read[t] && whole(t, parts) {
			spare = append(spare, t)
		}
	}
	return all, spare
}

// read is the constants that something reads as they are.
func (p *Program) read() map[*tensor.Tensor]bool {
	read := map[*tensor.Tensor]bool{}
	p.graph.Walk(func(n *ir.Node) {
		for i, v := range n.In() {
			if v == nil || v.Const == nil {
				continue
			}
			if i != 1 || !isProduct(n) {
				read[v.Const] = true
			}
		}
	})
	for _, o := range p.graph.Outputs() {
		if o.Value.Const != nil {
			read[o.Value.Const] = true
		}
	}
	return read
}

// isProduct reports whether a node is a product that packs a constant matrix on its right.
func isProduct(n *ir.Node) bool {
	switch o := n.Op.(type) {
	case *op.MatMul:
		return newMatMul(o, n) != nil
	case *op.Gemm:
		return newGemm(o, n) != nil
	}
	return false
}

// whole reports whether packs have all columns of a matrix.
func whole(t *tensor.Tensor, parts map[packedMatrix]*gemm.Packed) bool {
	if t.Rank() != 2 {
		return false
	}
	var ranges []columns
	for k := range parts {
		n := t.Dim(1)
		if k.trans {
			n = t.Dim(0)
		}
		if k.part.count == 0 {
			return true
		}
		ranges = append(ranges, columns{k.part.first, k.part.count}, columns{n, 0})
	}
	slices.SortFunc(ranges, func(a, b columns) int { return cmp.Compare(a.first, b.first) })
	end := 0
	for _, r := range ranges {
		if r.first > end {
			return false
		}
		end = max(end, r.first+r.count)
	}
	return true
}

// restore makes a cache of what was stored. Packs that another level of the processor reads best are unpacked into the constants, if these are
// hollow.
func restore(stored []backend.Pack, hollow []*tensor.Tensor) (*packs, error) {
	c := newPacks()
	c.hollow = map[*tensor.Tensor]bool{}
	for _, t := range hollow {
		c.hollow[t] = true
	}
	parts := map[*tensor.Tensor]map[packedMatrix]*gemm.Packed{}
	for i, s := range stored {
		var f form
		if err := json.Unmarshal([]byte(s.Form), &f); err != nil {
			return nil, fmt.Errorf("pack %d: %w", i, err)
		}
		m, err := gemm.Restore(f.Layout, s.Data)
		if err != nil {
			return nil, fmt.Errorf("pack %d: %w", i, err)
		}
		k := packedMatrix{weights: s.Constant, trans: f.Trans, part: columns{f.First, f.Count}}
		if err := k.check(m); err != nil {
			return nil, fmt.Errorf("pack %d: %w", i, err)
		}
		c.m[k], c.counted[s.Constant] = m, true
		if parts[s.Constant] == nil {
			parts[s.Constant] = map[packedMatrix]*gemm.Packed{}
		}
		parts[s.Constant][k] = m
	}
	for _, t := range hollow {
		if t.DType() != tensor.Float32 || !whole(t, parts[t]) {
			return nil, fmt.Errorf("a constant of type %v and shape %v is neither there nor in packs", t.DType(), t.Shape())
		}
	}
	for _, m := range c.m {
		if !m.(*gemm.Packed).Layout().Best() {
			c.fill()
			return newPacks(), nil
		}
	}
	return c, nil
}

// check compares a stored matrix with the constant that it should be of.
func (k packedMatrix) check(m *gemm.Packed) error {
	if k.weights.Rank() != 2 || k.weights.DType() != tensor.Float32 {
		return fmt.Errorf("a constant of type %v and shape %v is no matrix of float32", k.weights.DType(), k.weights.Shape())
	}
	rows, cols := k.weights.Dim(0), k.weights.Dim(1)
	if k.trans {
		rows, cols = cols, rows
	}
	if k.part.first < 0 || k.part.count < 0 || k.part.count > cols || k.part.first > cols-k.part.count || k.part.count == 0 && k.part.first > 0 {
		return fmt.Errorf("%d columns from %d of %d", k.part.count, k.part.first, cols)
	}
	if _, n := k.part.of(cols); m.K() != rows || m.N() != n {
		return fmt.Errorf("%d by %d of a matrix that is %d by %d", m.K(), m.N(), rows, n)
	}
	return nil
}

// Fill implements [backend.Program].
func (p *Program) Fill() {
	p.packs.mu.Lock()
	defer p.packs.mu.Unlock()
	p.packs.fill()
}

// fill unpacks matrices into the constants whose memory is not filled. The caller has the lock.
func (c *packs) fill() {
	for key, v := range c.m {
		k, ok := key.(packedMatrix)
		if !ok || !c.hollow[k.weights] {
			continue
		}
		cols := k.weights.Dim(1)
		if k.trans {
			cols = k.weights.Dim(0)
		}
		first, n := k.part.of(cols)
		if k.trans {
			first *= k.weights.Dim(1)
		}
		if n > 0 && k.weights.Len() > 0 {
			v.(*gemm.Packed).Unpack(f32(k.weights)[first:], k.weights.Dim(1), k.trans)
		}
	}
	c.hollow = nil
}
