package ir

import "slices"

// Origin says which nodes of the graph that a model was imported as a node was made from: numbers that [Graph.Trace] gave, in ascending order. It is
// shared between nodes and never changed.
type Origin []int32

// maxOrigin bounds what is remembered, so that a chain of folded constants costs no more than its length.
const maxOrigin = 1 << 12

// With is the union of both. Of more than 4,096 nodes the first ones are kept.
func (o Origin) With(p Origin) Origin {
	if len(o) == 0 || len(p) == 0 {
		return slices.Concat(o, p)
	}
	all := slices.Concat(o, p)
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), maxOrigin):min(len(all), maxOrigin)]
}

// Trace numbers the nodes of g and its bodies in the order of [Graph.Walk], constants left out, each its own origin from now on, and returns
// them by number. Nodes that are inserted afterwards have the origin of the node that they are inserted before.
func (g *Graph) Trace() []*Node {
	var all []*Node
	g.Walk(func(n *Node) {
		n.Origin = nil
		if _, ok := n.Op.(*Const); ok {
			return
		}
		n.Origin = Origin{int32(len(all))}
		all = append(all, n)
	})
	return all
}

// Credit adds to the origin of m that of n, in whose place it is, and if nothing needs n any more also that of all nodes whose results only n
// needs, directly or not. What was inserted before n for m has all of it too.
func Credit(m, n *Node) {
	if n.Origin == nil {
		return
	}
	origin := n.Origin
	if onlyFor(n, nil) {
		origin = withGone(n, origin)
	}
	before := n.Origin
	for queue := []*Node{m}; len(queue) > 0; queue = queue[1:] {
		queue[0].Origin = queue[0].Origin.With(origin)
		for _, v := range queue[0].in {
			if v != nil && v.def != nil && v.def != n && same(v.def.Origin, before) {
				queue = append(queue, v.def)
			}
		}
	}
}

// same reports whether both are the same slice, as of nodes one of which was inserted before the other.
func same(a, b Origin) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

// withGone adds what goes with n.
func withGone(n *Node, origin Origin) Origin {
	gone := map[*Node]bool{n: true}
	for queue := []*Node{n}; len(queue) > 0; queue = queue[1:] {
		for _, v := range queue[0].in {
			if v == nil || v.def == nil || gone[v.def] || !onlyFor(v.def, gone) {
				continue
			}
			gone[v.def] = true
			origin = origin.With(v.def.Origin)
			queue = append(queue, v.def)
		}
	}
	return origin
}

// onlyFor reports whether nothing but these nodes needs the results of n.
func onlyFor(n *Node, users map[*Node]bool) bool {
	for _, v := range n.out {
		if v.outs > 0 {
			return false
		}
		for _, u := range v.uses {
			if !users[u.Node] {
				return false
			}
		}
	}
	return true
}
