package loop

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Program is straight-line code over one element. The zero Program is empty; values are added in order, the last call is Return.
type Program struct {
	code   []instr
	leaves int
	result Value
	native *native // machine code, nil if the program is interpreted
}

// Value names what an instruction defines.
type Value int

// Comparison names a relation of two numbers; all but NotEqual are false for NaN.
type Comparison uint8

// The comparisons.
const (
	Equal Comparison = iota
	NotEqual
	Less
	LessOrEqual
)

// Logic names a function of two bools.
type Logic uint8

// The functions.
const (
	And Logic = iota
	Or
	Xor
)

var (
	comparisonNames = [...]string{"equal", "not-equal", "less", "less-or-equal"}
	logicNames      = [...]string{"and", "or", "xor"}
)

type kind uint8

const (
	leaf     kind = iota // operand number n
	constant             // number a
	apply                // fn(x; a, b)
	combine              // op(x, y)
	compare              // cmp(x, y), a bool
	logic                // log(x, y), bools
	not                  // a bool
	choose               // y where x, a bool, is true, else z
	number               // 1 for true, 0 for false
	call                 // f(x)
)

type instr struct {
	kind    kind
	bool    bool // the type of the value
	n       int
	a, b    float32
	fn      vec.Func
	op      vec.Op
	cmp     Comparison
	log     Logic
	f       func(dst, x []float32)
	name    string
	x, y, z Value
}

// args are the values that an instruction uses.
func (i *instr) args() []Value {
	switch i.kind {
	case leaf, constant:
		return nil
	case combine, compare, logic:
		return []Value{i.x, i.y}
	case choose:
		return []Value{i.x, i.y, i.z}
	}
	return []Value{i.x}
}

func (p *Program) add(i instr) Value {
	p.code = append(p.code, i)
	return Value(len(p.code) - 1)
}

// Leaf is the next operand, of float32 numbers.
func (p *Program) Leaf() Value {
	p.leaves++
	return p.add(instr{kind: leaf, n: p.leaves - 1})
}

// BoolLeaf is the next operand, of bools.
func (p *Program) BoolLeaf() Value {
	p.leaves++
	return p.add(instr{kind: leaf, n: p.leaves - 1, bool: true})
}

// Const is a number.
func (p *Program) Const(v float32) Value { return p.add(instr{kind: constant, a: v}) }

// Apply is a function of a number, with its parameters.
func (p *Program) Apply(f vec.Func, x Value, a, b float32) Value {
	return p.add(instr{kind: apply, fn: f, x: p.number(x), a: a, b: b})
}

// Call is a function of a number that is not in vec. f works on slices of equal length, of which dst may be x.
func (p *Program) Call(name string, f func(dst, x []float32), x Value) Value {
	return p.add(instr{kind: call, name: name, f: f, x: p.number(x)})
}

// Combine is a function of two numbers.
func (p *Program) Combine(op vec.Op, x, y Value) Value {
	return p.add(instr{kind: combine, op: op, x: p.number(x), y: p.number(y)})
}

// Compare is a bool.
func (p *Program) Compare(c Comparison, x, y Value) Value {
	return p.add(instr{kind: compare, cmp: c, x: p.number(x), y: p.number(y), bool: true})
}

// Logic is a function of two bools.
func (p *Program) Logic(l Logic, x, y Value) Value {
	return p.add(instr{kind: logic, log: l, x: p.boolean(x), y: p.boolean(y), bool: true})
}

// Not is the other bool.
func (p *Program) Not(x Value) Value { return p.add(instr{kind: not, x: p.boolean(x), bool: true}) }

// Choose is x where cond is true and y elsewhere; both are numbers or both bools.
func (p *Program) Choose(cond, x, y Value) Value {
	if p.IsBool(x) != p.IsBool(y) {
		panic("BUG: loop: choice of a number or a bool")
	}
	return p.add(instr{kind: choose, x: p.boolean(cond), y: x, z: y, bool: p.IsBool(x)})
}

// Number is 1 for true and 0 for false.
func (p *Program) Number(x Value) Value { return p.add(instr{kind: number, x: p.boolean(x)}) }

// Return makes v the result and ends the program.
func (p *Program) Return(v Value) { p.result = v }

// IsBool tells bools from numbers.
func (p *Program) IsBool(v Value) bool { return p.code[v].bool }

// IsConst returns the number that a value is known to be.
func (p *Program) IsConst(v Value) (float32, bool) {
	i := &p.code[v]
	return i.a, i.kind == constant
}

// Leaves is the number of operands.
func (p *Program) Leaves() int { return p.leaves }

func (p *Program) number(v Value) Value {
	if p.code[v].bool {
		panic("BUG: loop: a bool is used as a number")
	}
	return v
}

func (p *Program) boolean(v Value) Value {
	if !p.code[v].bool {
		panic("BUG: loop: a number is used as a bool")
	}
	return v
}

// String lists the instructions, a line each: "%2 = add %0 %1".
func (p *Program) String() string {
	var s strings.Builder
	for v := range p.code {
		i := &p.code[v]
		fmt.Fprintf(&s, "%%%d = %s", v, i.verb())
		for _, a := range i.args() {
			fmt.Fprintf(&s, " %%%d", a)
		}
		s.WriteByte('\n')
	}
	fmt.Fprintf(&s, "return %%%d\n", p.result)
	return s.String()
}

func (i *instr) verb() string {
	switch i.kind {
	case leaf:
		if i.bool {
			return fmt.Sprintf("bool-leaf %d", i.n)
		}
		return fmt.Sprintf("leaf %d", i.n)
	case constant:
		return fmt.Sprintf("const %v", i.a)
	case apply:
		if i.a != 0 || i.b != 0 {
			return fmt.Sprintf("%v(%v, %v)", i.fn, i.a, i.b)
		}
		return i.fn.String()
	case combine:
		return i.op.String()
	case compare:
		return comparisonNames[i.cmp]
	case logic:
		return logicNames[i.log]
	case not:
		return "not"
	case choose:
		return "choose"
	case number:
		return "number"
	}
	return i.name
}

// Verbs names the functions in order, for descriptions: "mul+add+tanh".
func (p *Program) Verbs() string {
	var names []string
	for v := range p.code {
		switch i := &p.code[v]; i.kind {
		case leaf, constant:
		case apply:
			names = append(names, i.fn.String())
		default:
			names = append(names, i.verb())
		}
	}
	return strings.Join(names, "+")
}

// Cost estimates the time of one element in nanoseconds.
func (p *Program) Cost() float64 {
	cost := 0.1
	for v := range p.code {
		switch i := &p.code[v]; i.kind {
		case leaf, constant:
		case apply:
			switch i.fn {
			case vec.FuncExp, vec.FuncLog, vec.FuncTanh, vec.FuncSigmoid, vec.FuncErf, vec.FuncGelu, vec.FuncGeluTanh, vec.FuncSilu, vec.FuncSoftplus, vec.FuncSin, vec.FuncCos:
				cost++
			default:
				cost += 0.1
			}
		case call:
			cost += 5
		case combine:
			cost += 0.1
			if i.op == vec.OpPow {
				cost += 20
			}
		default:
			cost += 0.3
		}
	}
	return cost
}
