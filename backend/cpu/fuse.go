package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// unit is what becomes a step: a node, or several that are computed at once.
type unit struct {
	nodes  []*ir.Node // in an order in which they can be computed
	in     []*ir.Value
	out    []*ir.Value // results; nil: those of the last node
	at     *ir.Node    // where it is computed, after all of in and before all that uses its results; nil: at the last node
	kernel kernel
}

func (u *unit) last() *ir.Node { return u.nodes[len(u.nodes)-1] }

// grow makes what follows a part of the unit, one node after another that alone uses the result of the one before, as long as take can do so.
func (u *unit) grow(taken map[*ir.Node]*unit, take func(u *unit, n *ir.Node) bool) {
	for next := soleUser(u.last()); next != nil && taken[next] == nil && take(u, next); next = soleUser(next) {
		u.nodes = append(u.nodes, next)
	}
}

func (u *unit) place() *ir.Node {
	if u.at != nil {
		return u.at
	}
	return u.last()
}

func (u *unit) results() []*ir.Value {
	if u.out != nil {
		return u.out
	}
	return u.last().Out()
}

// units finds nodes to compute at once; each of them leads to its unit. The graph stays as it is. What the nodes of a unit define is used
// within it alone, but for its results.
//
// Products and convolutions take what follows them into their epilogue first, and products with the same left operand join; norms take what
// leads to them; elementwise nodes that are left become loops. Without fusion there is a unit for each elementwise node.
func (p *Program) units(g *ir.Graph, fuse bool) map[*ir.Node]*unit {
	units := map[*ir.Node]*unit{}
	add := func(u *unit) {
		for _, n := range u.nodes {
			units[n] = u
		}
	}
	if fuse {
		for n := range g.Nodes() {
			if u := p.productUnit(n, units); u != nil {
				add(u)
			} else if u := p.convolutionUnit(n, units); u != nil {
				add(u)
			} else if u := p.integerUnit(n, units); u != nil {
				add(u)
			} else if u := p.integerConvolutionUnit(n, units); u != nil {
				add(u)
			} else if u := p.bytesUnit(n, units); u != nil {
				add(u)
			} else if u := p.columnsUnit(n); u != nil {
				add(u)
			}
		}
	}
	if fuse {
		for _, u := range joinProducts(g, units) {
			add(u)
		}
	}
	order := map[*ir.Node]int{}
	for n := range g.Nodes() {
		order[n] = len(order)
	}
	if fuse {
		for n := range g.Nodes() {
			if u := p.normUnit(n, units, order); u != nil {
				add(u)
			}
		}
	}
	for n := range g.Backward() {
		if units[n] != nil || !looped(n) || !n.Out()[0].Used() {
			continue
		}
		nodes := []*ir.Node{n}
		if fuse {
			nodes = inOrder(chain(n, units), order)
		}
		add(loopUnit(nodes))
	}
	return units
}

// inOrder sorts nodes.
func inOrder(nodes []*ir.Node, order map[*ir.Node]int) []*ir.Node {
	slices.SortFunc(nodes, func(a, b *ir.Node) int { return order[a] - order[b] })
	return nodes
}

const maxLoop = 64 // nodes of a loop

// chain collects the elementwise nodes that lead to n, of the same shape, whose results nothing else uses.
func chain(n *ir.Node, units map[*ir.Node]*unit) []*ir.Node {
	nodes, in := []*ir.Node{n}, map[*ir.Node]bool{n: true}
	shape := n.Out()[0].Type
	for again := true; again; {
		again = false
		for k := 0; k < len(nodes) && len(nodes) < maxLoop; k++ {
			for _, v := range nodes[k].In() {
				if v == nil || v.Def() == nil || in[v.Def()] || units[v.Def()] != nil || v.IsOutput() || !looped(v.Def()) || !sameShape(v.Type, shape) {
					continue
				}
				if slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return !in[u.Node] }) {
					continue
				}
				in[v.Def()] = true
				nodes = append(nodes, v.Def())
				again = true
			}
		}
	}
	return nodes
}

// sameShape reports whether two types have the same dimensions for certain.
func sameShape(a, b ir.Type) bool {
	return a.Ranked && b.Ranked && slices.EqualFunc(a.Dims, b.Dims, equalDims)
}

// scalar returns the number that a float32 value is known to be, if broadcasting it against another of some rank leaves that as it is.
func scalar(v *ir.Value, rank int) (float32, bool) {
	if v == nil || v.Const == nil || v.Const.Len() != 1 || v.Type.Elem != tensor.Float32 || len(v.Type.Dims) > rank {
		return 0, false
	}
	return f32(v.Const)[0], true
}
