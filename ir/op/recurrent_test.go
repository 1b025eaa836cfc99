package op

import (
	"math"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestActivationParameters: each function that takes a parameter takes the next one, as long as there are some.
func TestActivationParameters(t *testing.T) {
	o := &LSTM{Direction: "bidirectional", Activations: []string{"hardsigmoid", "Tanh", "LeakyRelu", "Affine", "ScaledTanh", "Elu"},
		ActivationAlpha: []float32{0.25, 0.5, 0.75}, ActivationBeta: []float32{1.5}}
	got, err := o.Functions()
	if err != nil {
		t.Fatal(err)
	}
	want := []ActivationFn{{"HardSigmoid", 0.25, 1.5}, {"Tanh", 0, 0}, {"LeakyRelu", 0.5, 0}, {"Affine", 0.75, 0}, {"ScaledTanh", 1, 1}, {"Elu", 1, 0}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("function %d is %v, want %v", i, got[i], want[i])
		}
	}
	for _, o := range []*GRU{{Activations: []string{"Tanh"}}, {Activations: []string{"Tanh", "Sine"}}, {Direction: "sideways"}} {
		if _, err := o.Functions(); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestActivationValues(t *testing.T) {
	for _, c := range []struct {
		f       ActivationFn
		x, want float64
	}{
		{ActivationFn{Name: "Relu"}, -2, 0}, {ActivationFn{Name: "Affine", Alpha: 2, Beta: 1}, 3, 7}, {ActivationFn{Name: "LeakyRelu", Alpha: 0.5}, -2, -1},
		{ActivationFn{Name: "ThresholdedRelu", Alpha: 2}, 1.5, 0}, {ActivationFn{Name: "ThresholdedRelu", Alpha: 2}, 2, 2},
		{ActivationFn{Name: "ScaledTanh", Alpha: 2, Beta: 3}, 1, 2 * math.Tanh(3)}, {ActivationFn{Name: "HardSigmoid", Alpha: 0.2, Beta: 0.5}, 9, 1},
		{ActivationFn{Name: "Elu", Alpha: 2}, -1, 2 * (math.Exp(-1) - 1)}, {ActivationFn{Name: "Softsign"}, 3, 0.75}, {ActivationFn{Name: "Softsign"}, math.Inf(-1), -1},
		{ActivationFn{Name: "Softplus"}, 0, math.Ln2}, {ActivationFn{Name: "Softplus"}, 800, 800}, {ActivationFn{Name: "Sigmoid"}, 0, 0.5},
	} {
		if got := c.f.Apply(c.x); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v of %v is %v, want %v", c.f, c.x, got, c.want)
		}
		if got := c.f.Apply(math.NaN()); got == got {
			t.Errorf("%v of NaN is %v", c.f, got)
		}
	}
}

func TestRecurrentInfer(t *testing.T) {
	scope := sym.NewScope()
	s, n := scope.Named("S").Expr(), scope.Named("N").Expr()
	f32 := func(dims ...sym.Expr) *ir.Fact { f := ir.Of(ir.TensorType(tensor.Float32, dims...)); return &f }
	k := func(v int) sym.Expr { return sym.Int(v) }
	unranked := ir.Of(ir.UnrankedType(tensor.Float32))
	lengths := ir.Of(ir.TensorType(tensor.Int64, n))
	for _, c := range []struct {
		name string
		op   ir.Op
		in   []*ir.Fact
		want string // types, or part of an error
	}{
		{"lstm", &LSTM{}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(20), k(3)), f32(k(1), k(20), k(5))}, "f32[S, 1, N, 5] f32[1, N, 5] f32[1, N, 5]"},
		{"layout", &GRU{Layout: 1, Direction: "bidirectional"}, []*ir.Fact{f32(n, s, k(3)), f32(k(2), k(15), k(3)), f32(k(2), k(15), k(5))}, "f32[N, S, 2, 5] f32[N, 2, 5]"},
		{"stacked", &GRU{Stacked: true, Direction: "bidirectional"}, []*ir.Fact{f32(s, n, k(3)), f32(k(2), k(15), k(3)), f32(k(2), k(15), k(5))}, "f32[S, N, 10] f32[2, N, 5]"},
		{"stacked, batch first", &LSTM{Stacked: true, Layout: 1}, []*ir.Fact{f32(n, s, k(3)), f32(k(1), k(20), k(3)), f32(k(1), k(20), k(5)), nil, nil, f32(k(1), n, k(5))},
			"f32[N, S, 5] f32[1, N, 5] f32[1, N, 5]"},
		{"states of a stack", &RNN{Stacked: true, Layout: 1}, []*ir.Fact{f32(n, s, k(3)), f32(k(1), k(5), k(3)), f32(k(1), k(5), k(5)), nil, nil, f32(k(7), k(1), k(5))}, "axis 0 of input 5"},
		{"batch from the state", &RNN{HiddenSize: 4}, []*ir.Fact{&unranked, &unranked, &unranked, nil, nil, f32(k(1), k(7), k(4))}, "f32[recurrent.2, 1, 7, 4] f32[1, 7, 4]"},
		{"hidden size", &LSTM{HiddenSize: 6}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(20), k(3)), f32(k(1), k(20), k(5))}, "axis 2 of input 2"},
		{"gates", &LSTM{}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(15), k(3)), f32(k(1), k(15), k(5))}, "axis 1 of input 1"},
		{"directions", &RNN{Direction: "bidirectional"}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(5), k(3)), f32(k(1), k(5), k(5))}, "axis 0 of input 1"},
		{"rank", &RNN{}, []*ir.Fact{f32(s, n), f32(k(1), k(5), k(3)), f32(k(1), k(5), k(5))}, "rank 3"},
		{"lengths", &RNN{}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(5), k(3)), f32(k(1), k(5), k(5)), nil, &lengths}, "lengths must be i32"},
		{"layout 2", &RNN{Layout: 2}, []*ir.Fact{f32(s, n, k(3)), f32(k(1), k(5), k(3)), f32(k(1), k(5), k(5))}, "layout must be 0 or 1"},
	} {
		facts, err := c.op.Infer(&ir.InferContext{In: c.in, Scope: scope})
		got := ""
		for _, f := range facts {
			got += f.Type.String() + " "
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
