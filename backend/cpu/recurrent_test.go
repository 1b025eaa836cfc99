package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// recurrentGraph has a bidirectional LSTM with constant weights over x[S, N, 5] with lengths[M].
func recurrentGraph(t *testing.T, hidden int) *ir.Graph {
	r := rand.New(rand.NewPCG(1, 2))
	weights := func(shape ...int) *tensor.Tensor {
		w := tensor.New(tensor.Float32, shape...)
		for i := range w.Len() {
			w.SetFloat64(i, 0.3*r.NormFloat64())
		}
		return w
	}
	scope := sym.NewScope()
	g := ir.NewGraph("recurrent", scope)
	symbol := func(name string) sym.Expr { return scope.Named(name).Expr() }
	x := g.AddInput("x", ir.TensorType(tensor.Float32, symbol("S"), symbol("N"), sym.Const(5)))
	lengths := g.AddInput("lengths", ir.TensorType(tensor.Int32, symbol("M")))
	n, err := g.Add(&op.LSTM{Direction: "bidirectional"}, x, g.Const(weights(2, 4*hidden, 5)), g.Const(weights(2, 4*hidden, hidden)),
		g.Const(weights(2, 8*hidden)), lengths)
	if err != nil {
		t.Fatal(err)
	}
	g.SetOutputs(ir.Output{Name: "y", Value: n.Out()[0]}, ir.Output{Name: "c", Value: n.Out()[2]})
	return g
}

func recurrentInputs(seed uint64, lengths ...int32) []tensor.Value {
	r := rand.New(rand.NewPCG(seed, 0))
	x := tensor.New(tensor.Float32, 6, 3, 5)
	for i := range x.Len() {
		x.SetFloat64(i, r.NormFloat64())
	}
	return []tensor.Value{x, tensor.Must(lengths, len(lengths))}
}

// TestRecurrentSessions runs sessions of one program side by side.
func TestRecurrentSessions(t *testing.T) {
	g := recurrentGraph(t, 40)
	p := pool.New(3)
	defer p.Close()
	program, err := Compile(g, Options{Pool: p})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for s := range 4 {
		wg.Go(func() {
			session := program.NewSession()
			for run := range 8 {
				in := recurrentInputs(uint64(s*100+run), int32(run%7), 6, 2)
				want, err := ir.Evaluate(context.Background(), g, in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := session.Run(context.Background(), in)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range want {
					a, b := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)
					for k := range b.Len() {
						if d := math.Abs(a.Float64(k) - b.Float64(k)); !(d < 1e-5) {
							t.Errorf("session %d, run %d, result %d: element %d is %v, want %v", s, run, i, k, a.Float64(k), b.Float64(k))
							return
						}
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestRecurrentRefuses has inputs that no inference can find fault with.
func TestRecurrentRefuses(t *testing.T) {
	program, err := Compile(recurrentGraph(t, 4), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want    string
		lengths []int32
	}{
		{"lengths must be from 0 to 6", []int32{1, 7, 2}},
		{"lengths must be from 0 to 6", []int32{1, -1, 2}},
		{"axis 0 of input 4 must be 3", []int32{1, 2}},
	} {
		_, err := program.NewSession().Run(context.Background(), recurrentInputs(1, c.lengths...))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("lengths %v: error %v, want one with %q", c.lengths, err, c.want)
		}
	}
}
