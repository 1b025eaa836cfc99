package loop

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
	"github.com/gocompile/gocompile/backend/cpu/loop/x86"
)

// errRegisters says that a program keeps more vectors at a time than the processor has registers.
var errRegisters = errors.New("too many values at a time for the vector registers")

// writer collects instructions on any number of virtual registers. It is a [formula.Unit]; operands of type any may be memory too.
type writer struct {
	buffer *x86.Buffer // of the constants, and of what finish encodes
	insts  []x86.Inst
	count  int // virtual registers
}

// virtual is a register before it has a place.
type virtual int

func (v virtual) String() string { return fmt.Sprintf("v%d", int(v)) }

// half is the lower half of a register.
type half struct{ virtual }

var _ formula.Unit[virtual] = (*writer)(nil)

func (w *writer) write(op x86.Op, args ...x86.Operand) {
	w.insts = append(w.insts, x86.Inst{Op: op, Args: args})
}

// define writes an instruction with a new register as its destination.
func (w *writer) define(op x86.Op, args ...x86.Operand) virtual {
	v := virtual(w.count)
	w.count++
	w.write(op, append([]x86.Operand{v}, args...)...)
	return v
}

// operand is a register, memory or a word as an operand.
func (w *writer) operand(y any) x86.Operand {
	if c, ok := y.(formula.Word); ok {
		return w.buffer.Word(uint32(c))
	}
	return y.(x86.Operand)
}

func (w *writer) three(op x86.Op, x virtual, y any) virtual { return w.define(op, x, w.operand(y)) }

// Hold is a register of a constant, of memory or of a copy of another register.
func (w *writer) Hold(x any) virtual {
	if v, ok := x.(virtual); ok {
		return w.define(x86.VMOVAPS, v)
	}
	return w.define(x86.VMOVUPS, w.operand(x))
}

func (w *writer) Zero() virtual { return w.Hold(formula.Word(0)) }

func (w *writer) Add(x virtual, y any) virtual    { return w.three(x86.VADDPS, x, y) }
func (w *writer) Sub(x virtual, y any) virtual    { return w.three(x86.VSUBPS, x, y) }
func (w *writer) Mul(x virtual, y any) virtual    { return w.three(x86.VMULPS, x, y) }
func (w *writer) Div(x virtual, y any) virtual    { return w.three(x86.VDIVPS, x, y) }
func (w *writer) Sqrt(x virtual) virtual          { return w.define(x86.VSQRTPS, x) }
func (w *writer) And(x virtual, y any) virtual    { return w.three(x86.VANDPS, x, y) }
func (w *writer) Or(x virtual, y any) virtual     { return w.three(x86.VORPS, x, y) }
func (w *writer) Xor(x virtual, y any) virtual    { return w.three(x86.VXORPS, x, y) }
func (w *writer) AddInt(x virtual, y any) virtual { return w.three(x86.VPADDD, x, y) }
func (w *writer) SubInt(x virtual, y any) virtual { return w.three(x86.VPSUBD, x, y) }
func (w *writer) FloatOfInt(x virtual) virtual    { return w.define(x86.VCVTDQ2PS, x) }

// Round rounds to an integer.
func (w *writer) Round(x virtual, m formula.Mode) virtual {
	return w.define(x86.VROUNDPS, x, x86.Imm(m))
}

// Least and Most have x as the last operand, which is the result where one of the two is NaN.

func (w *writer) Least(x, limit virtual) virtual { return w.three(x86.VMINPS, limit, x) }
func (w *writer) Most(x, limit virtual) virtual  { return w.three(x86.VMAXPS, limit, x) }

func (w *writer) MulAdd(sum, x virtual, y any) { w.write(x86.VFMADD213PS, sum, x, w.operand(y)) }
func (w *writer) AddMul(sum, x virtual, y any) { w.write(x86.VFMADD231PS, sum, x, w.operand(y)) }
func (w *writer) SubMul(sum, x virtual, y any) { w.write(x86.VFNMADD231PS, sum, x, w.operand(y)) }
func (w *writer) MulSub(sum, x virtual, y any) { w.write(x86.VFMSUB213PS, sum, x, w.operand(y)) }

func (w *writer) ShiftLeft(x virtual, by int) virtual { return w.define(x86.VPSLLD, x, x86.Imm(by)) }
func (w *writer) ShiftRight(x virtual, by int) virtual {
	return w.define(x86.VPSRAD, x, x86.Imm(by))
}

func (w *writer) Scale(v, _, shifted virtual) virtual { return formula.Scale(w, v, shifted) }

func (w *writer) Compare(p formula.Predicate, x virtual, y any) virtual {
	return w.define(x86.VCMPPS, x, w.operand(y), x86.Imm(p))
}

func (w *writer) Negative(x virtual) virtual { return x } // selections look at the sign bit

func (w *writer) Where(condition virtual, yes any, no virtual) virtual {
	return w.define(x86.VBLENDVPS, no, w.operand(yes), condition)
}

func (w *writer) ZeroWhere(condition, x virtual) virtual { return w.define(x86.VANDNPS, condition, x) }

// defines reports whether the first operand of an operation is a new value; else it is memory, or read too.
func defines(op x86.Op) bool {
	switch op {
	case x86.VSTORE, x86.VMASKSTORE, x86.VMOVQ, x86.VFMADD213PS, x86.VFMADD231PS, x86.VFNMADD231PS, x86.VFMSUB213PS:
		return false
	}
	return true
}

// registerOf is the virtual register of an operand.
func registerOf(o x86.Operand) (virtual, bool) {
	switch o := o.(type) {
	case virtual:
		return o, true
	case half:
		return o.virtual, true
	}
	return 0, false
}

// constants lists what the instructions load from memory that stays the same from block to block, and do not change in its register.
func (w *writer) constants() []x86.Operand {
	changed := w.changed()
	var list []x86.Operand
	for _, i := range w.insts {
		if i.Op == x86.VMOVUPS && !changed[i.Args[0].(virtual)] && fixed(i.Args[1]) && !slices.Contains(list, i.Args[1]) {
			list = append(list, i.Args[1])
		}
	}
	return list
}

// changed tells registers that get another value after their first.
func (w *writer) changed() []bool {
	changed := make([]bool, w.count)
	for _, i := range w.insts {
		if v, ok := i.Args[0].(virtual); ok && !defines(i.Op) {
			changed[v] = true
		}
	}
	return changed
}

// fixed tells memory that all blocks read.
func fixed(o x86.Operand) bool {
	m, ok := o.(x86.Mem)
	_, pool := o.(x86.Pool)
	return pool || ok && m.Scale == 0
}

// pinned is the register of the constant of some number.
func pinned(k int) uint8 { return uint8(15 - k) }

// finish gives virtual registers real ones, encodes the instructions, and forgets them. Some constants are in their registers already. The
// error is errRegisters.
func (w *writer) finish(constants []x86.Operand) error {
	changed := w.changed()
	last := make([]int, w.count)
	for k, i := range w.insts {
		for _, o := range i.Args {
			if v, ok := registerOf(o); ok {
				last[v] = k
			}
		}
	}
	free := uint16(1<<(16-len(constants)) - 1)
	forever := len(w.insts)
	place := make([]uint8, w.count)
	for k, i := range w.insts {
		if i.Op == x86.VMOVUPS {
			if c := slices.Index(constants, i.Args[1]); c >= 0 {
				if v := i.Args[0].(virtual); !changed[v] {
					place[v], last[v] = pinned(c), forever
					continue
				}
			}
		}
		if err := w.encode(k, i, last, place, &free); err != nil {
			return err
		}
	}
	w.insts, w.count = w.insts[:0], 0
	return nil
}

// encode is finish of instruction k. Operands are read before the destination is written, so it may take the place of one.
func (w *writer) encode(k int, i x86.Inst, last []int, place []uint8, free *uint16) error {
	args := make([]x86.Operand, len(i.Args))
	for j, o := range i.Args {
		v, ok := registerOf(o)
		if !ok {
			args[j] = o
			continue
		}
		if j == 0 && defines(i.Op) {
			continue
		}
		args[j] = located(o, place[v])
		if last[v] == k {
			*free |= 1 << place[v]
		}
	}
	if defines(i.Op) {
		v, _ := registerOf(i.Args[0])
		if *free == 0 {
			return errRegisters
		}
		place[v] = uint8(bits.TrailingZeros16(*free))
		source, _ := registerOf(i.Args[1])
		renamed := i.Op == x86.VMOVAPS && last[source] == k
		if renamed { // a copy of what nothing else reads
			place[v] = place[source]
		}
		if last[v] > k {
			*free &^= 1 << place[v]
		}
		if renamed {
			return nil
		}
		args[0] = located(i.Args[0], place[v])
	}
	w.buffer.Add(i.Op, args...)
	return nil
}

// located is an operand with a place.
func located(o x86.Operand, place uint8) x86.Operand {
	if _, ok := o.(half); ok {
		return x86.X(place)
	}
	return x86.Y(place)
}
