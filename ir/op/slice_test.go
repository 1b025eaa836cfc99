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
