package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// random is a float32 tensor.
func random(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(r.NormFloat64())
	}
	return t
}

// single is a graph of one operator whose dimensions are all symbols, and a program for it.
func single(t *testing.T, o ir.Op, in []*tensor.Tensor, outs int) (*ir.Graph, *Program, []tensor.Value) {
	t.Helper()
	g := ir.NewGraph("single", sym.NewScope())
	args, actual := make([]*ir.Value, len(in)), []tensor.Value(nil)
	for i, x := range in {
		if x == nil {
			continue
		}
		dims := make([]sym.Expr, x.Rank())
		for k := range dims {
			dims[k] = g.Scope.Named(string(rune('a'+i)) + string(rune('0'+k))).Expr()
		}
		args[i] = g.AddInput("x", ir.TensorType(x.DType(), dims...))
		actual = append(actual, x)
	}
	n, err := g.Add(o, args...)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]ir.Output, outs)
	for i := range results {
		results[i] = ir.Output{Name: "y", Value: n.Out()[i]}
	}
	g.SetOutputs(results...)
	workers := pool.New(2)
	t.Cleanup(workers.Close)
	p, err := Compile(g, Options{Pool: workers})
	if err != nil {
		t.Fatal(err)
	}
	return g, p, actual
}

// checkOp compares the kernel of an operator with its evaluation, twice with the same session.
func checkOp(t *testing.T, o ir.Op, in []*tensor.Tensor, outs int) {
	t.Helper()
	g, p, actual := single(t, o, in, outs)
	for _, s := range p.Steps() {
		if strings.HasPrefix(s.Kernel, "eval ") {
			t.Fatalf("%T has no kernel", o)
		}
	}
	want, wantErr := ir.Evaluate(context.Background(), g, actual, nil)
	session := p.NewSession()
	for range 2 {
		got, err := session.Run(context.Background(), actual)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%+v: error %v, want %v", o, err, wantErr)
		}
		for i := range got {
			a, b := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)
			for k := range a.Len() {
				if x, y := a.Float64(k), b.Float64(k); math.Abs(x-y) > 3e-5*max(1, math.Abs(y)) || math.IsNaN(x) != math.IsNaN(y) {
					t.Fatalf("%+v: result %d, element %d: %g, want %g", o, i, k, x, y)
				}
			}
		}
	}
	if wantErr == nil {
		checkAllocations(t, p, session, o, in, want)
	}
}

// checkAllocations runs the kernel of a single operator by itself, once it has been bound.
func checkAllocations(t *testing.T, p *Program, s *Session, o ir.Op, in []*tensor.Tensor, results []tensor.Value) {
	t.Helper()
	st := &p.steps[0]
	out := make([]*tensor.Tensor, len(st.out))
	for k, x := range results {
		out[k] = x.(*tensor.Tensor).Clone()
	}
	k, err := st.kernel.(bindable).bind(&s.exec, in, out)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { _ = k.run(&s.exec, in, out) }); n != 0 && !race.Enabled {
		t.Errorf("%+v: %v allocations", o, n)
	}
}

func TestAttention(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		checkAttention(t, r)
	}
}

func checkAttention(t *testing.T, r *rand.Rand) {
	batch, share, groups, queries := 1+r.IntN(2), 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(12)
	size, valueSize, fresh, past := 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(12), 0
	o := &op.Attention{Heads: share * groups, KVHeads: groups, Causal: r.IntN(2) == 0, Left: r.IntN(2) * r.IntN(6), Empty: op.EmptyRow(r.IntN(3))}
	if r.IntN(3) == 0 {
		o.Scale, o.Softcap, o.Right = 0.3, 2, r.IntN(4)
	}
	in := make([]*tensor.Tensor, op.AttentionSink+1)
	operand := func(heads, rows, size int) *tensor.Tensor {
		if r.IntN(2) == 0 {
			return random(r, batch, rows, heads*size)
		}
		return random(r, batch, heads, rows, size)
	}
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = operand(share*groups, queries, size), operand(groups, fresh, size), operand(groups, fresh, valueSize)
	keys, starts := fresh, []int64{}
	if r.IntN(2) == 0 {
		past = r.IntN(8)
		keys += past
		in[op.AttentionPastK], in[op.AttentionPastV] = random(r, batch, groups, past, size), random(r, batch, groups, past, valueSize)
		switch r.IntN(3) {
		case 0: // behind the past, wherever the queries stand
			o.Append = true
			starts = append(starts, int64(r.IntN(9)-4))
		case 1: // with room to spare, and now and then without enough
			keys += r.IntN(3)
			in[op.AttentionCapacity] = tensor.Must([]int64{int64(keys)}, 1)
			for range batch {
				starts = append(starts, int64(r.IntN(past+2)))
			}
		}
	} else if r.IntN(2) == 0 {
		starts = append(starts, int64(r.IntN(9)-4))
	}
	if len(starts) > 0 {
		in[op.AttentionStart] = tensor.Must(starts, len(starts))
	}
	if r.IntN(3) == 0 {
		lengths := []int32{int32(r.IntN(keys + 2)), int32(r.IntN(keys + 2))}[:batch]
		in[op.AttentionLengths] = tensor.Must(lengths, batch)
	}
	mask := []int{batch, share * groups, queries, keys}
	for i := range mask {
		if r.IntN(3) == 0 {
			mask[i] = 1
		}
	}
	if mask[3] > 1 && r.IntN(4) == 0 {
		mask[3] = max(2, mask[3]-2)
	}
	switch x := random(r, mask[r.IntN(4):]...); r.IntN(4) {
	case 0:
		in[op.AttentionMask] = x
		for i := range f32(x) {
			if f32(x)[i] < -1 {
				f32(x)[i] = float32(math.Inf(-1))
			}
		}
	case 1:
		b := tensor.New(tensor.Bool, x.Shape()...)
		for i := range f32(x) {
			tensor.Data[bool](b)[i] = f32(x)[i] > -0.5
		}
		in[op.AttentionMask] = b
	}
	if r.IntN(3) == 0 {
		in[op.AttentionSlopes] = random(r, share*groups)
	}
	if r.IntN(3) == 0 {
		in[op.AttentionSink] = random(r, share*groups)
	}
	checkOp(t, o, in, 1+2*r.IntN(2))
}

func TestNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		x, scale, bias []int
		axis           int
	}{
		{[]int{3, 4, 8}, []int{8}, []int{8}, -1}, {[]int{3, 4, 8}, []int{8}, nil, 2}, {[]int{3, 4, 8}, []int{4, 8}, []int{8}, 1}, {[]int{3, 4, 8}, nil, nil, 1},
		{[]int{3, 4, 8}, []int{4, 1}, []int{1}, -2}, {[]int{5}, []int{5}, []int{5}, 0}, {[]int{0, 4}, []int{4}, []int{4}, 1}, {[]int{2, 0}, nil, nil, 1},
		{[]int{300, 768}, []int{768}, []int{768}, -1},
	} {
		in := []*tensor.Tensor{random(r, c.x...), nil, nil}
		if c.scale != nil {
			in[1] = random(r, c.scale...)
		}
		if c.bias != nil {
			in[2] = random(r, c.bias...)
		}
		checkOp(t, &op.LayerNorm{Axis: c.axis, Epsilon: 1e-3}, in, 1)
		checkOp(t, &op.LayerNorm{Axis: c.axis, Epsilon: 1e-3}, in, 3)
		checkOp(t, &op.RMSNorm{Axis: c.axis, Epsilon: 1e-3}, in, 2)
	}
}

func TestRotary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	positions := func(batch int) *tensor.Tensor {
		p := make([]int64, batch*5)
		for i := range p {
			p[i] = int64(r.IntN(7))
		}
		return tensor.Must(p, batch, 5)
	}
	outside := positions(2)
	outside.SetInt64(3, 7)
	for _, interleaved := range []bool{false, true} {
		for _, x := range []*tensor.Tensor{random(r, 2, 5, 3*8), random(r, 2, 3, 5, 8)} {
			for _, half := range []int{0, 1, 3, 4} {
				o := &op.Rotary{Heads: 3, Interleaved: interleaved}
				for _, p := range []*tensor.Tensor{positions(1), positions(2), outside} {
					checkOp(t, o, []*tensor.Tensor{x, random(r, 7, half), random(r, 7, half), p}, 1)
				}
				for _, table := range [][]int{{5, half}, {1, 5, half}, {2, 5, half}} {
					checkOp(t, o, []*tensor.Tensor{x, random(r, table...), random(r, table...)}, 1)
				}
			}
		}
	}
}

func TestLinearAttention(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		batch, share, groups, rows, size, values := 1+r.IntN(2), 1+r.IntN(3), 1+r.IntN(3), r.IntN(6), 1+r.IntN(9), 1+r.IntN(9)
		in := make([]*tensor.Tensor, op.LinearRate+1)
		in[op.LinearQ], in[op.LinearK] = random(r, batch, rows, share*groups*size), random(r, batch, rows, groups*size)
		in[op.LinearV] = random(r, batch, rows, groups*values)
		if r.IntN(2) == 0 {
			in[op.LinearState] = random(r, batch, groups, size, values)
		}
		if n := r.IntN(3); n > 0 {
			in[op.LinearDecay] = random(r, batch, rows, []int{groups, groups * size}[n-1])
			for i := range f32(in[op.LinearDecay]) {
				f32(in[op.LinearDecay])[i] -= 3
			}
		}
		if n := r.IntN(3); n > 0 {
			in[op.LinearRate] = random(r, batch, rows, []int{groups, 1}[n-1])
		}
		for i := range f32(in[op.LinearK]) {
			f32(in[op.LinearK])[i] /= 4
		}
		checkOp(t, &op.LinearAttention{Heads: share * groups, KVHeads: groups}, in, 1+r.IntN(2))
	}
}
