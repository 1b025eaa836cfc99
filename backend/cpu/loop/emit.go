package loop

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
	"github.com/gocompile/gocompile/backend/cpu/loop/x86"
)

const (
	lanes     = 8
	maxLeaves = 8 // as many registers hold their addresses
)

// arguments is what emitted code reads, at the address in RAX.
type arguments struct {
	n       int // elements, a multiple of lanes
	rest    int // 1 if there are fewer than lanes more, else 0
	dst     unsafe.Pointer
	leaves  [maxLeaves]unsafe.Pointer
	mask    [lanes]uint32            // ones for the elements of the rest
	scalars [maxLeaves][lanes]uint32 // leaves that are the same for all elements: bits of the number, or ones for true
	flags   [maxLeaves][lanes]bool   // the rest of leaves of bools
	result  [lanes]bool              // the rest of a result of bools
}

// Registers of emitted code, beside those of leaves.
const (
	argument = x86.RAX
	count    = x86.RCX
	position = x86.RDX
	result   = x86.RDI
)

var leafRegisters = [maxLeaves]x86.General{x86.RSI, x86.RBX, x86.R8, x86.R9, x86.R10, x86.R11, x86.R12, x86.R13}

// block is the code of one vector of elements.
type block struct {
	*writer
	program *Program
	scalars uint    // leaves that are the same for all elements, a bit each
	reload  bool    // read leaves at every use, so that they take no registers
	index   int     // among the vectors of an unrolled iteration
	rest    bool    // fewer elements than a vector
	mask    virtual // of the rest
	values  []any   // by value of the program: a register, memory or a word, nil before it is known
	sizes   []int   // instructions by value
}

// emit is machine code of a program. Bits of scalars tell which leaves are the same for all elements; the others are dense. The error says
// what in the program has no code.
func (p *Program) emit(scalars uint) ([]byte, error) {
	if p.leaves > maxLeaves {
		return nil, fmt.Errorf("%d operands, at most %d have code", p.leaves, maxLeaves)
	}
	b := &x86.Buffer{}
	probe := &block{writer: &writer{buffer: b}, program: p, scalars: scalars}
	if err := probe.body(); err != nil {
		return nil, err
	}
	// As many constants as there is room for stay in registers.
	constants := probe.constants()
	for n := min(len(constants), 12); ; n /= 2 {
		b.Reset()
		text, err := p.loop(b, scalars, constants[:n], len(probe.insts), n == 0)
		if err != errRegisters || n == 0 {
			return text, err
		}
	}
}

// loop is the whole code: full vectors, some of them unrolled, and the rest.
func (p *Program) loop(b *x86.Buffer, scalars uint, constants []x86.Operand, size int, reload bool) ([]byte, error) {
	var failed error
	body := func(index int, rest bool) {
		k := &block{writer: &writer{buffer: b}, program: p, scalars: scalars, reload: reload, index: index, rest: rest}
		err := k.body()
		if err == nil {
			err = k.finish(constants)
		}
		if err != nil {
			failed = err
		}
	}
	at := func(offset uintptr) x86.Mem { return x86.Mem{Base: argument, Disp: int32(offset)} }
	b.Add(x86.MOV, count, at(unsafe.Offsetof(arguments{}.n)))
	b.Add(x86.MOV, result, at(unsafe.Offsetof(arguments{}.dst)))
	for k := range p.leaves {
		b.Add(x86.MOV, leafRegisters[k], at(unsafe.Offsetof(arguments{}.leaves)+8*uintptr(k)))
	}
	for k, c := range constants {
		b.Add(x86.VMOVUPS, x86.Y(pinned(k)), c)
	}
	b.Add(x86.XOR, position, position)
	many, few, one, rest, done := b.NewLabel(), b.NewLabel(), b.NewLabel(), b.NewLabel(), b.NewLabel()
	if unroll := min(4, 48/size); unroll > 1 {
		step := x86.Imm(unroll * lanes)
		b.Add(x86.SUB, count, step)
		b.Add(x86.CMP, position, count)
		b.Add(x86.JG, few)
		b.Bind(many)
		for i := range unroll {
			body(i, false)
		}
		b.Add(x86.ADD, position, step)
		b.Add(x86.CMP, position, count)
		b.Add(x86.JLE, many)
		b.Bind(few)
		b.Add(x86.ADD, count, step)
	}
	b.Add(x86.CMP, position, count)
	b.Add(x86.JGE, rest)
	b.Bind(one)
	body(0, false)
	b.Add(x86.ADD, position, x86.Imm(lanes))
	b.Add(x86.CMP, position, count)
	b.Add(x86.JL, one)
	b.Bind(rest)
	b.Add(x86.MOV, count, at(unsafe.Offsetof(arguments{}.rest)))
	b.Add(x86.TEST, count, count)
	b.Add(x86.JE, done)
	body(0, true)
	b.Bind(done)
	b.Add(x86.VZEROUPPER)
	b.Add(x86.RET)
	if failed != nil {
		return nil, failed
	}
	return b.Finish(), nil
}

// body writes the instructions of a block.
func (b *block) body() error {
	p := b.program
	if b.rest {
		b.mask = b.Hold(x86.Mem{Base: argument, Disp: int32(unsafe.Offsetof(arguments{}.mask))})
	}
	b.values, b.sizes = make([]any, len(p.code)), make([]int, len(p.code))
	needed := p.needed()
	for v := range p.code {
		if !needed[v] {
			continue
		}
		before := len(b.insts)
		if err := b.instr(Value(v), &p.code[v]); err != nil {
			return err
		}
		b.sizes[v] = len(b.insts) - before
	}
	b.store(p.result)
	return nil
}

// needed tells which values the result depends on.
func (p *Program) needed() []bool {
	needed := make([]bool, len(p.code))
	needed[p.result] = true
	for v := len(p.code) - 1; v >= 0; v-- {
		if needed[v] {
			for _, x := range p.code[v].args() {
				needed[x] = true
			}
		}
	}
	return needed
}

// instr makes a value known.
func (b *block) instr(v Value, i *instr) error {
	switch i.kind {
	case leaf: // where it is used
	case constant:
		b.values[v] = word(i.a)
	case apply:
		f := functions[i.fn]
		if f == nil {
			return fmt.Errorf("no code for %v", i.fn)
		}
		b.values[v] = f(b, word(i.a), word(i.b))(b.register(i.x))
	case combine:
		return b.combine(v, i)
	case compare:
		b.values[v] = b.Compare([...]formula.Predicate{formula.Equal, formula.NotEqual, formula.Less, formula.LessEqual}[i.cmp], b.register(i.x), b.value(i.y))
	case logic:
		x, y := b.register(i.x), b.value(i.y)
		b.values[v] = [...]func(virtual, any) virtual{b.And, b.Or, b.Xor}[i.log](x, y)
	case not:
		b.values[v] = b.Xor(b.register(i.x), ^formula.Word(0))
	case choose:
		b.values[v] = b.Where(b.register(i.x), b.value(i.y), b.register(i.z))
	case number:
		b.values[v] = b.And(b.register(i.x), formula.F(1))
	default:
		return fmt.Errorf("no code for %s", i.verb())
	}
	return nil
}

func (b *block) combine(v Value, i *instr) error {
	switch i.op {
	case vec.OpAdd:
		b.values[v] = b.Add(b.register(i.x), b.value(i.y))
	case vec.OpSub:
		b.values[v] = b.Sub(b.register(i.x), b.value(i.y))
	case vec.OpMul:
		b.values[v] = b.Mul(b.register(i.x), b.value(i.y))
	case vec.OpDiv:
		b.values[v] = b.Div(b.register(i.x), b.value(i.y))
	case vec.OpMin:
		b.values[v] = formula.Min(b, b.register(i.x), b.register(i.y))
	case vec.OpMax:
		b.values[v] = formula.Max(b, b.register(i.x), b.register(i.y))
	default:
		return fmt.Errorf("no code for %v", i.op)
	}
	return nil
}

// value is a value as the last operand of an instruction.
func (b *block) value(v Value) any {
	if x := b.values[v]; x != nil {
		return x
	}
	x := b.leaf(&b.program.code[v])
	if !b.reload {
		b.values[v] = x
	}
	return x
}

// register is a value in a register.
func (b *block) register(v Value) virtual {
	x := b.value(v)
	if r, ok := x.(virtual); ok {
		return r
	}
	r := b.Hold(x)
	if !b.reload {
		b.values[v] = r
	}
	return r
}

// leaf is an operand: in memory if it can be read whole there, else in a register.
func (b *block) leaf(i *instr) any {
	k := uintptr(i.n)
	if b.scalars>>k&1 != 0 {
		return x86.Mem{Base: argument, Disp: int32(unsafe.Offsetof(arguments{}.scalars) + 4*lanes*k)}
	}
	if i.bool {
		m := x86.Mem{Base: leafRegisters[k], Index: position, Scale: 1, Disp: int32(lanes * b.index)}
		if b.rest {
			m = x86.Mem{Base: argument, Disp: int32(unsafe.Offsetof(arguments{}.flags) + lanes*k)}
		}
		return b.three(x86.VPCMPGTD, b.define(x86.VPMOVZXBD, m), formula.Word(0))
	}
	m := b.numbers(leafRegisters[k])
	if b.rest {
		return b.define(x86.VMASKMOVPS, b.mask, m)
	}
	return m
}

// numbers is the block's part of numbers in memory.
func (b *block) numbers(base x86.General) x86.Mem {
	return x86.Mem{Base: base, Index: position, Scale: 4, Disp: int32(4 * lanes * b.index)}
}

// store writes the result.
func (b *block) store(v Value) {
	r := b.register(v)
	switch {
	case !b.program.IsBool(v) && b.rest:
		b.write(x86.VMASKSTORE, b.numbers(result), b.mask, r)
	case !b.program.IsBool(v):
		b.write(x86.VSTORE, b.numbers(result), r)
	default:
		m := x86.Mem{Base: result, Index: position, Scale: 1, Disp: int32(lanes * b.index)}
		if b.rest {
			m = x86.Mem{Base: argument, Disp: int32(unsafe.Offsetof(arguments{}.result))}
		}
		// Words of ones, or 0, become bytes of 1.
		high := b.narrow(x86.VEXTRACTI128, r, x86.Imm(1))
		words := b.narrow(x86.VPACKSSDW, half{r}, high)
		bytes := b.narrow(x86.VPACKSSWB, words, words)
		b.write(x86.VMOVQ, m, b.narrow(x86.VPABSB, bytes))
	}
}

// narrow writes an instruction whose result is half a register.
func (b *block) narrow(op x86.Op, args ...x86.Operand) half {
	v := half{virtual(b.count)}
	b.count++
	b.write(op, append([]x86.Operand{v}, args...)...)
	return v
}

// word is a number in every lane.
func word(v float32) formula.Word { return formula.Word(math.Float32bits(v)) }
