package cpu

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// graphTest builds a graph whose inputs and constants are random.
type graphTest struct {
	t  *testing.T
	r  *rand.Rand
	g  *ir.Graph
	in []tensor.Value
}

func newGraphTest(t *testing.T, seed uint64) *graphTest {
	return &graphTest{t: t, r: rand.New(rand.NewPCG(seed, 1)), g: ir.NewGraph("test", sym.NewScope())}
}

func (b *graphTest) random(d tensor.DType, shape ...int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	for i := range x.Len() {
		if d.IsFloat() {
			x.SetFloat64(i, b.r.NormFloat64())
		} else {
			x.SetInt64(i, int64(b.r.Uint32()))
		}
	}
	return x
}

func (b *graphTest) input(x *tensor.Tensor) *ir.Value {
	b.in = append(b.in, x)
	return b.g.AddInput(fmt.Sprint("x", len(b.in)), ir.TypeOf(x))
}

func (b *graphTest) add(o ir.Op, in ...*ir.Value) []*ir.Value {
	b.t.Helper()
	n, err := b.g.Add(o, in...)
	if err != nil {
		b.t.Fatal(err)
	}
	return n.Out()
}

// check compares a program with the reference evaluation: equal bit by bit.
func (b *graphTest) check(out ...*ir.Value) {
	b.t.Helper()
	outs := make([]ir.Output, len(out))
	for i, v := range out {
		outs[i] = ir.Output{Name: fmt.Sprint("y", i), Value: v}
	}
	b.g.SetOutputs(outs...)
	want, err := ir.Evaluate(context.Background(), b.g, b.in, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, unfused := range []bool{true, false} {
		p, err := Compile(b.g, Options{Unfused: unfused})
		if err != nil {
			b.t.Fatal(err)
		}
		got, err := p.NewSession().Run(context.Background(), b.in)
		if err != nil {
			b.t.Fatal(err)
		}
		for i := range want {
			if g, w := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor); !tensor.Equal(g, w) {
				b.t.Fatalf("unfused %v: result %d is %v, want %v\n%v", unfused, i, g, w, b.g)
			}
		}
	}
}

var byteTypes = []tensor.DType{tensor.Uint8, tensor.Int8}

func TestIntegerProducts(t *testing.T) {
	for i, s := range []struct{ a, b, zeroA, zeroB []int }{
		{[]int{3, 5}, []int{5, 17}, nil, nil},
		{[]int{3, 5}, []int{5, 17}, []int{3}, []int{17}},
		{[]int{2, 3, 5}, []int{5, 17}, []int{1}, []int{17}},
		{[]int{2, 3, 5}, []int{2, 5, 4}, []int{3}, []int{4}},
		{[]int{2, 1, 3, 5}, []int{3, 5, 4}, []int{3}, nil},
		{[]int{2, 3, 5}, []int{5, 4}, []int{2, 3, 1}, []int{1, 4}},
		{[]int{5}, []int{5, 4}, nil, nil},
		{[]int{0, 5}, []int{5, 4}, nil, nil},
		{[]int{3, 0}, []int{0, 4}, nil, nil},
	} {
		for k := range 4 {
			b := newGraphTest(t, uint64(i*4+k))
			dA, dB := byteTypes[k%2], byteTypes[k/2]
			a := b.input(b.random(dA, s.a...))
			w := b.g.Const(b.random(dB, s.b...))
			if i%2 == 1 {
				w = b.input(b.random(dB, s.b...))
			}
			zeroA, zeroB := b.input(b.random(dA, s.zeroA...)), b.g.Const(b.random(dB, s.zeroB...))
			product := b.add(&op.MatMulInteger{}, a, w, zeroA, zeroB)[0]
			float := b.add(&op.Cast{To: tensor.Float32}, product)[0]
			cols := s.b[len(s.b)-1]
			factor := b.input(b.random(tensor.Float32, [][]int{nil, {1}, {cols}}[i%3]...))
			scaled := b.add(&op.Binary{Fn: op.Mul}, factor, float)[0]
			biased := b.add(&op.Binary{Fn: op.Add}, scaled, b.g.Const(b.random(tensor.Float32, cols)))[0]
			b.check(biased)

			scale := func() *ir.Value {
				x := tensor.New(tensor.Float32)
				x.SetFloat64(0, 0.01+b.r.Float64())
				return b.g.Const(x)
			}
			b.add(&op.MatMulInteger{}, a, w)
			q := b.add(&op.QLinearMatMul{}, a, scale(), zeroA, w, scale(), zeroB, scale(), b.g.Const(b.random(byteTypes[i%2])))[0]
			b.check(q)
		}
	}
}

func TestQuantizing(t *testing.T) {
	for i, s := range []struct {
		x, scale    []int
		axis, block int
	}{
		{[]int{3, 5}, nil, 1, 0}, {[]int{3, 50}, []int{50}, -1, 0}, {[]int{3, 5, 40}, []int{5}, 1, 0}, {[]int{4, 7, 3}, []int{4, 4, 3}, 1, 2},
		{[]int{3, 8}, []int{3, 2}, 1, 4}, {[]int{2, 3, 2000}, []int{2, 3, 1}, -1, 2000}, {[]int{2, 9}, []int{2, 3}, 1, 4},
		{[]int{4000}, []int{1}, 0, 0}, {[]int{0, 3}, []int{3}, 1, 0}, {nil, nil, 0, 0},
	} {
		for k, d := range []tensor.DType{tensor.Uint8, tensor.Int8, tensor.Int16, tensor.Uint16} {
			b := newGraphTest(t, uint64(i*4+k))
			positive := b.random(tensor.Float32, s.scale...)
			for j := range positive.Len() {
				positive.SetFloat64(j, 0.01+b.r.Float64()/50)
			}
			x, scale := b.input(b.random(tensor.Float32, s.x...)), b.input(positive)
			zero := b.g.Const(b.random(d, s.scale...))
			q := b.add(&op.QuantizeLinear{Axis: s.axis, BlockSize: s.block}, x, scale, zero)[0]
			b.check(q, b.add(&op.DequantizeLinear{Axis: s.axis, BlockSize: s.block}, q, scale, zero)[0])
			b = newGraphTest(t, uint64(i*4+k))
			b.check(b.add(&op.DynamicQuantizeLinear{}, b.input(b.random(tensor.Float32, s.x...)))...)
		}
	}
}
