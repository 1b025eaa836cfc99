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
func recurrentGraph(t *testing.T, elem tensor.DType, hidden int) *ir.Graph {
	r := rand.New(rand.NewPCG(1, 2))
	weights := func(shape ...int) *tensor.Tensor {
		w := tensor.New(elem, shape...)
		for i := range w.Len() {
			w.SetFloat64(i, 0.3*r.NormFloat64())
		}
		return w
	}
	scope := sym.NewScope()
	g := ir.NewGraph("recurrent", scope)
	symbol := func(name string) sym.Expr { return scope.Named(name).Expr() }
	x := g.AddInput("x", ir.TensorType(elem, symbol("S"), symbol("N"), sym.Const(5)))
	lengths := g.AddInput("lengths", ir.TensorType(tensor.Int32, symbol("M")))
	n, err := g.Add(&op.LSTM{Direction: "bidirectional"}, x, g.Const(weights(2, 4*hidden, 5)), g.Const(weights(2, 4*hidden, hidden)),
		g.Const(weights(2, 8*hidden)), lengths)
	if err != nil {
		t.Fatal(err)
	}
	g.SetOutputs(ir.Output{Name: "y", Value: n.Out()[0]}, ir.Output{Name: "c", Value: n.Out()[2]})
	return g
}

func recurrentInputs(elem tensor.DType, seed uint64, lengths ...int32) []tensor.Value {
	r := rand.New(rand.NewPCG(seed, 0))
	x := tensor.New(elem, 6, 3, 5)
	for i := range x.Len() {
		x.SetFloat64(i, r.NormFloat64())
	}
	return []tensor.Value{x, tensor.Must(lengths, len(lengths))}
}

// TestRecurrentSessions runs sessions of one program side by side, for each element type.
func TestRecurrentSessions(t *testing.T) {
	for elem, tolerance := range map[tensor.DType]float64{tensor.Float32: 1e-5, tensor.Float64: 1e-12, tensor.Float16: 1e-3, tensor.BFloat16: 8e-3} {
		t.Run(elem.String(), func(t *testing.T) {
			g := recurrentGraph(t, elem, 40)
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
						compareRecurrent(t, g, session, recurrentInputs(elem, uint64(s*100+run), int32(run%7), 6, 2), tolerance)
					}
				})
			}
			wg.Wait()
		})
	}
}

// compareRecurrent compares a session with the reference.
func compareRecurrent(t *testing.T, g *ir.Graph, session *Session, in []tensor.Value, tolerance float64) {
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
			if d := math.Abs(a.Float64(k) - b.Float64(k)); !(d < tolerance) {
				t.Errorf("result %d: element %d is %v, want %v", i, k, a.Float64(k), b.Float64(k))
				return
			}
		}
	}
}

// TestRecurrentRefuses has inputs that no inference can find fault with.
func TestRecurrentRefuses(t *testing.T) {
	program, err := Compile(recurrentGraph(t, tensor.Float32, 4), Options{})
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
		_, err := program.NewSession().Run(context.Background(), recurrentInputs(tensor.Float32, 1, c.lengths...))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("lengths %v: error %v, want one with %q", c.lengths, err, c.want)
		}
	}
}

// TestRecurrentLayers compares layers on top of each other, of which only some leave their results to the next one alone, with their reference evaluation.
func TestRecurrentLayers(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	random := func(shape ...int) *tensor.Tensor {
		w := tensor.New(tensor.Float32, shape...)
		for i, s := 0, tensor.Data[float32](w); i < len(s); i++ {
			s[i] = float32(0.3 * r.NormFloat64())
		}
		return w
	}
	const hidden = 16
	for shown := range 4 { // of which layers results are outputs too
		for _, known := range []bool{true, false} { // weights
			scope := sym.NewScope()
			g := ir.NewGraph("layers", scope)
			v := g.AddInput("x", ir.TensorType(tensor.Float32, scope.Named("N").Expr(), scope.Named("S").Expr(), sym.Const(2*hidden)))
			weight := func(name string, shape ...int) *ir.Value {
				return g.Const(random(shape...))
			}
			in := []tensor.Value{random(5, 7, 2*hidden)}
			if !known {
				weight = func(name string, shape ...int) *ir.Value {
					in = append(in, random(shape...))
					return g.AddInput(name, ir.TensorType(tensor.Float32, sym.Const(int64(shape[0])), sym.Const(int64(shape[1])), sym.Const(int64(shape[2]))))
				}
			}
			var outputs []ir.Output
			for layer := range 3 {
				var o ir.Op = &op.LSTM{Direction: "bidirectional", Layout: 1, Stacked: true, HiddenSize: hidden}
				gates := 4
				if layer == 1 {
					o, gates = &op.GRU{Direction: "bidirectional", Layout: 1, Stacked: true, HiddenSize: hidden, LinearBeforeReset: true}, 3
				}
				name := string(rune('a' + layer))
				n, err := g.Add(o, v, weight("w"+name, 2, gates*hidden, 2*hidden), weight("r"+name, 2, gates*hidden, hidden))
				if err != nil {
					t.Fatal(err)
				}
				if v = n.Out()[0]; layer == 2 || shown>>layer&1 != 0 {
					outputs = append(outputs, ir.Output{Name: name, Value: v})
				}
			}
			g.SetOutputs(outputs...)
			program, err := Compile(g, Options{})
			if err != nil {
				t.Fatal(err)
			}
			compareRecurrent(t, g, program.NewSession(), in, 1e-5)
		}
	}
}
