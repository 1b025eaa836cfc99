package op

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestSliceToTheEnd: an end that no tensor can reach is the end of the axis.
func TestSliceToTheEnd(t *testing.T) {
	sc := sym.NewScope()
	n, m := sc.Named("N").Expr(), sc.Named("M").Expr()
	for _, c := range []struct {
		dims []sym.Expr
		end  int64
		want string
	}{
		{[]sym.Expr{n}, 1 << 48, "N"},
		{[]sym.Expr{n}, 1 << 45, "min(35184372088832, N)"},
		{[]sym.Expr{n, sym.Const(1000)}, 1 << 45, "N"},
		{[]sym.Expr{n, sym.Const(1000), sym.Const(1000)}, 1_000_000_000, "N"},
		{[]sym.Expr{n, sym.Const(1000)}, 1_000_000_000, "min(1000000000, N)"},
		{[]sym.Expr{n, sym.Const(1000), sym.Const(0)}, 1_000_000_000, "min(1000000000, N)"},
		{[]sym.Expr{n, sym.Const(1 << 40), sym.Const(1 << 40)}, 1, "N"}, // more would not fit
		{[]sym.Expr{n, m, sym.Const(1 << 30)}, 1_000_000_000, "min(1000000000, N)"},
	} {
		g := ir.NewGraph("g", sc)
		x := g.AddInput("x", ir.TensorType(tensor.Float32, c.dims...))
		one := func(k int64) *ir.Value { return g.Const(tensor.Must([]int64{k}, 1)) }
		s, err := g.Add(&Slice{}, x, one(0), one(c.end), one(0))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Out()[0].Type.Dims[0].String(); got != c.want {
			t.Errorf("%v up to %d is %s, want %s", x.Type, c.end, got, c.want)
		}
	}
}

// TestSliceOfSideBySide: large parts that lie side by side are views, others and small ones are copies.
func TestSliceOfSideBySide(t *testing.T) {
	x := tensor.New(tensor.Float32, 4, 2, 1024)
	for i := range x.Len() {
		x.SetFloat64(i, float64(i))
	}
	for _, s := range []struct {
		axis, start, end, step int64
		view                   bool
	}{{0, 1, 3, 1, true}, {0, 3, 4, 2, true}, {0, 0, 4, 2, false}, {1, 0, 1, 1, false}, {2, 0, 512, 1, false}} {
		c := &ir.EvalContext{In: []tensor.Value{x}}
		for _, n := range []int64{s.start, s.end, s.axis, s.step} {
			c.In = append(c.In, tensor.Must([]int64{n}, 1))
		}
		if err := ir.CallEval(&Slice{}, c); err != nil {
			t.Fatal(err)
		}
		y := c.Out[0].(*tensor.Tensor)
		stride := [3]int64{2048, 1024, 1}[s.axis]
		if got := y.Float64(0); got != float64(s.start*stride) {
			t.Errorf("%+v: the first element is %v", s, got)
		}
		if got := &y.Bytes()[0] == &x.Bytes()[s.start*stride*4]; got != s.view {
			t.Errorf("%+v: it is a view: %t", s, got)
		}
	}
}
