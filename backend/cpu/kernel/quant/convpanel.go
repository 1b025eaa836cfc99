package quant

const (
	panelColumns = quadWidth // positions of a panel
	gatherRowsAt = 64        // rows that are gathered before they are packed
)

// A convSlot is the memory of one thread for convolutions.
type convSlot struct {
	rows   [(gatherRowsAt + 1) * panelColumns]byte // as they are gathered, and what is written too much
	pieces []piece
	b      []int8              // a panel
	start  [panelColumns]int32 // the sums of its columns, or what sums of products begin with if that is the same for all channels
	c      [stripRows * panelColumns]int32
	edge   struct {
		bytes  [stripRows * panelColumns]byte
		floats [stripRows * panelColumns]float32
	}
	tile   tile
	quad   quadTile
	finish finishing
	depth  depthSlot
}

// panelBytes is the memory of a packed panel.
func (x *convolver) panelBytes() int { return x.args.Weights.stride * panelColumns }

// packPanel packs positions from one on, n of them, of a group whose channels begin at src, as the panel of a slot.
func (x *convolver) packPanel(s *convSlot, src []byte, from, n int) {
	p, depth := &x.planes, x.planes.depth
	b, sums := s.b, s.start[:]
	clear(sums)
	s.pieces = p.pieces(s.pieces[:0], from, n)
	done := 0
	if len(s.pieces) == 1 && n == panelColumns && p.taps == 1 { // rows lie at one distance
		done = x.packRows(b, 0, src[s.pieces[0].src:], p.plane, depth, sums)
	}
	for done < depth {
		rows := min(gatherRowsAt, depth-done)
		x.gather(s, src, p.offsets[done:][:rows], n)
		whole := rows
		for ; whole%x.unit != 0; whole++ {
			fill(s.rows[whole*panelColumns:][:panelColumns], x.flip) // makes 0
		}
		x.packRows(b, done, s.rows[:], panelColumns, whole, sums)
		done += rows
	}
	if w := x.args.Weights; x.unit == 4 && w.uniform {
		scaled(sums, sums, -w.zero[0])
	}
}

// packRows packs whole units of rows from first on, which lie stride bytes apart, and returns how many rows those are.
func (x *convolver) packRows(b []int8, first int, src []byte, stride, rows int, sums []int32) int {
	rows -= rows % x.unit
	if rows == 0 {
		return 0
	}
	if x.unit == 4 {
		packWholeQuads(b[first*panelColumns:][:rows*panelColumns], src, stride, x.flip, sums)
		return rows
	}
	half := len(b) / 2
	dst, next := b[:half][first*panelWidth:][:rows*panelWidth], b[half:][first*panelWidth:][:rows*panelWidth]
	x.f.pack(dst, next, src, stride, x.flip)
	return rows
}

func portablePack(dst, next []int8, src []byte, stride int, flip byte) {
	for r := range len(dst) / panelWidth {
		at := r/2*2*panelWidth + r%2
		row := src[r*stride:][:panelColumns]
		for j := range panelWidth {
			dst[at+2*j], next[at+2*j] = int8(row[j]^flip), int8(row[panelWidth+j]^flip)
		}
	}
}

// gather copies the pieces of n positions, for elements of a sum at such offsets, to rows of a slot.
func (x *convolver) gather(s *convSlot, src []byte, offsets []int, n int) {
	last := s.pieces[len(s.pieces)-1]
	if end := x.planes.reach + last.src + panelColumns; end <= len(src) && x.f.gather != nil {
		x.f.gather(s.rows[:], src, offsets, s.pieces)
		return
	}
	for r, at := range offsets {
		row := s.rows[r*panelColumns:][:panelColumns]
		for i, p := range s.pieces {
			to := n
			if i+1 < len(s.pieces) {
				to = s.pieces[i+1].dst
			}
			copy(row[p.dst:to], src[at+p.src:])
		}
	}
}
