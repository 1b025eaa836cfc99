package passes

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// TestWatchdog: passes that undo each other for ever come to an end, and leave a graph that is valid.
func TestWatchdog(t *testing.T) {
	g, err := ir.Parse(`graph "g"(%x: f32[N]) -> ("y" %y) {
  %a = Relu(%x) : f32[N]
  %y = Tanh(%a) : f32[N]
}`)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(from, to op.UnaryFn) func(*run, *ir.Graph) error {
		return func(r *run, g *ir.Graph) error {
			for n := range g.Nodes() {
				if o, ok := n.Op.(*op.Unary); ok && o.Fn == from && r.rewrite() {
					if err := replaceAndDrop(g, n, &op.Unary{Fn: to}, n.In()...); err != nil {
						return err
					}
				}
			}
			return nil
		}
	}
	grow := func(r *run, g *ir.Graph) error { // one that never has enough
		for n := range g.Nodes() {
			if o, ok := n.Op.(*op.Unary); ok && o.Fn == op.Relu && r.rewrite() {
				if err := replaceAndDrop(g, n, &op.Unary{Fn: op.Relu}, insert(g, n, &op.Unary{Fn: op.Relu}, n.In()...)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for name, stages := range map[string][][]Pass{
		"flip":            {{{Name: "there", run: flip(op.Tanh, op.Sigmoid)}, {Name: "back", run: flip(op.Sigmoid, op.Tanh)}}},
		"flip and return": {{{Name: "there", run: flip(op.Tanh, op.Sigmoid)}}, {{Name: "back", run: flip(op.Sigmoid, op.Tanh)}}},
		"grow":            {{{Name: "grow", run: grow}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := g.Clone()
			n, err := optimize(g, Options{Verify: true}, stages)
			if err != nil {
				t.Fatal(err)
			}
			if most := maxRewrites * 3; n == 0 || n > most {
				t.Errorf("%d rewrites, want at most %d", n, most)
			}
			if err := ir.Verify(g); err != nil {
				t.Error(err)
			}
		})
	}
}
