package loop

import "github.com/gocompile/gocompile/backend/cpu/kernel/vec"

// leastLine is the length of lines from which a call for each of them is no burden.
const leastLine = 16

// factors is a program of one function of two operands, of which one has the shape of the result and the other is the same along each line.
type factors struct {
	op           vec.Op
	whole, lines int // the operands
	step         int // between the elements of lines
	first        bool
}

// factorsOf recognises such a program; nil if it is none.
func (w *Walk) factorsOf(p *Program) *factors {
	if len(p.code) != 3 || len(w.shape) != 2 || w.shape[1] < leastLine || int(p.result) != 2 || p.code[2].kind != combine {
		return nil
	}
	x, y := &p.code[p.code[2].x], &p.code[p.code[2].y]
	if x.kind != leaf || y.kind != leaf {
		return nil
	}
	f := &factors{op: p.code[2].op, whole: x.n, lines: y.n}
	if w.strides[f.whole][1] == 0 {
		f.whole, f.lines, f.first = y.n, x.n, true
	}
	if whole := w.strides[f.whole]; whole[1] != 1 || whole[0] != w.shape[1] || w.strides[f.lines][1] != 0 {
		return nil
	}
	f.step = w.strides[f.lines][0]
	return f
}

// run computes elements lo to hi of lines of so many.
func (f *factors) run(dst Operand, leaves []Operand, line, lo, hi int) {
	whole, lines := leaves[f.whole].Numbers, leaves[f.lines].Numbers
	for at := lo; at < hi; {
		end := min((at/line+1)*line, hi)
		k := lines[at/line*f.step]
		if f.first {
			f.op.SV(dst.Numbers[at:end], k, whole[at:end])
		} else {
			f.op.VS(dst.Numbers[at:end], whole[at:end], k)
		}
		at = end
	}
}
