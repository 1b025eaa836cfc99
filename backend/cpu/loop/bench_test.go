package loop

import (
	"fmt"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// chain is (x+y)·½-x, and tanh of it.
func chain() *Program {
	p := &Program{}
	x, y := p.Leaf(), p.Leaf()
	v := p.Combine(vec.OpAdd, x, y)
	v = p.Combine(vec.OpMul, v, p.Const(0.5))
	v = p.Combine(vec.OpSub, v, x)
	p.Return(p.Apply(vec.FuncTanh, v, 0, 0))
	return p
}

// benched are programs such as models have.
var benched = []struct {
	name string
	make func() *Program
}{
	{"add", func() *Program {
		p := &Program{}
		p.Return(p.Combine(vec.OpAdd, p.Leaf(), p.Leaf()))
		return p
	}},
	{"add+add", func() *Program {
		p := &Program{}
		p.Return(p.Combine(vec.OpAdd, p.Combine(vec.OpAdd, p.Leaf(), p.Leaf()), p.Leaf()))
		return p
	}},
	{"chain", chain},
	{"simple", func() *Program { // eight functions
		p := &Program{}
		x := p.Leaf()
		v := p.Combine(vec.OpAdd, p.Combine(vec.OpMul, x, p.Const(1.25)), p.Const(0.125))
		w := p.Combine(vec.OpAdd, p.Combine(vec.OpMul, p.Apply(vec.FuncSquare, v, 0, 0), p.Const(0.044)), p.Const(0.797))
		p.Return(p.Apply(vec.FuncClip, p.Combine(vec.OpMul, v, w), -3, 3))
		return p
	}},
	{"choose", func() *Program {
		p := &Program{}
		x, y := p.Leaf(), p.Leaf()
		p.Return(p.Choose(p.Logic(And, p.Compare(Less, x, y), p.BoolLeaf()), x, p.Combine(vec.OpMul, y, p.Const(2))))
		return p
	}},
	{"compare", func() *Program {
		p := &Program{}
		p.Return(p.Not(p.Compare(LessOrEqual, p.Leaf(), p.Leaf())))
		return p
	}},
	{"silu+mul", func() *Program {
		p := &Program{}
		p.Return(p.Combine(vec.OpMul, p.Apply(vec.FuncSilu, p.Leaf(), 1, 0), p.Leaf()))
		return p
	}},
	{"relu+mul+add", func() *Program {
		p := &Program{}
		p.Return(p.Combine(vec.OpAdd, p.Combine(vec.OpMul, p.Apply(vec.FuncRelu, p.Leaf(), 0, 0), p.Leaf()), p.Leaf()))
		return p
	}},
}

// singles are the functions of one number, each as a program.
func init() {
	for f := range vec.FuncSign + 1 {
		benched = append(benched, struct {
			name string
			make func() *Program
		}{f.String(), func() *Program {
			p := &Program{}
			p.Return(p.Apply(f, p.Leaf(), 0.5, 1))
			return p
		}})
	}
}

// BenchmarkPrograms compares the interpreter with machine code; its levels are those of GOCOMPILE_CPU.
func BenchmarkPrograms(b *testing.B) {
	const n = 8 * Tile
	for _, c := range benched {
		for _, native := range []bool{false, true} {
			p := c.make()
			if native {
				if p.compile(); !p.Native() {
					continue
				}
			}
			b.Run(fmt.Sprintf("%s/native=%v", c.name, native), func(b *testing.B) { benchmark(b, p, n) })
		}
	}
}

// BenchmarkEmit times making machine code, without the memory that it lies in.
func BenchmarkEmit(b *testing.B) {
	p := chain()
	for b.Loop() {
		if _, err := p.emit(0); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmark(b *testing.B, p *Program, n int) {
	var leaves []Operand
	var strides [][]int
	for v := range p.code {
		if i := &p.code[v]; i.kind == leaf {
			o := Operand{Numbers: make([]float32, n)}
			for j := range o.Numbers {
				o.Numbers[j] = float32(j%97)/24 - 2
			}
			if i.bool {
				o = Operand{Bools: make([]bool, n)}
			}
			leaves, strides = append(leaves, o), append(strides, []int{1})
		}
	}
	w := p.Bind([]int{n}, strides)
	dst, f := Operand{Numbers: make([]float32, n), Bools: make([]bool, n)}, &Frame{}
	for b.Loop() {
		w.Run(f, dst, leaves, 0, n)
	}
}
