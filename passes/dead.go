package passes

import "github.com/gocompile/gocompile/ir"

// dead removes nodes from the end, so that one walk finds whole chains.
func dead(r *run, g *ir.Graph) error {
	for n := range g.Backward() {
		unused := true
		for _, v := range n.Out() {
			unused = unused && !v.Used()
		}
		if unused && r.rewrite() {
			g.Remove(n)
		}
	}
	return nil
}
