package cpu

import (
	"slices"
	"strings"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// joinProducts joins products of one matrix with several weights, such as queries, keys and values or the two branches of a gated layer: one step
// computes them all, each into memory of its own and with its own epilogue. They are computed where the first of them ends. Products that
// stand far apart stay apart, as their results would take memory for long.
func joinProducts(g *ir.Graph, units map[*ir.Node]*unit) []*unit {
	type left struct {
		a     *ir.Value
		trans bool
	}
	at, place := 0, map[*ir.Node]int{}
	open := map[left]int{} // group that is not too far
	var groups [][]*unit
	for n := range g.Nodes() {
		if _, constant := n.Op.(*ir.Const); !constant {
			at++
		}
		place[n] = at
		u := units[n]
		if u == nil || u.last() != n || !slices.ContainsFunc(u.results(), (*ir.Value).Used) {
			continue
		}
		a, trans, ok := leftOf(u)
		if !ok {
			continue
		}
		i, ok := open[left{a, trans}]
		if ok {
			before := groups[i][len(groups[i])-1]
			ok = place[u.nodes[0]] <= place[before.last()]+farApart
		}
		if !ok {
			i = len(groups)
			open[left{a, trans}] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], u)
	}
	var joined []*unit
	for _, members := range groups {
		if len(members) > 1 {
			first := slices.MinFunc(members, func(a, b *unit) int { return place[a.place()] - place[b.place()] })
			joined = append(joined, joinUnits(members, first.place()))
		}
	}
	return joined
}

const farApart = 24 // nodes, without constants

// leftOf is the left operand of a unit that is products with packed weights, if everything that it needs beside is there from the
// beginning.
func leftOf(u *unit) (a *ir.Value, trans, ok bool) {
	switch k := u.kernel.(type) {
	case *matmul:
		trans, ok = k.transA, k.single && k.packed != nil
	case *products:
		trans, ok = k.members[0].transA, true
	}
	if !ok || u.in[0].Const != nil {
		return nil, false, false
	}
	for _, v := range u.in[1:] {
		ok = ok && (v == nil || v == u.in[0] || v.Const != nil || v.IsGraphInput() || integerWeightsOf(v) != nil)
	}
	return u.in[0], trans, ok
}

// joinUnits makes one unit of several products, computed at a node.
func joinUnits(members []*unit, at *ir.Node) *unit {
	all, k := &unit{at: at}, &products{}
	seen := map[*ir.Node]bool{}
	for _, u := range members {
		switch m := u.kernel.(type) {
		case *matmul:
			k.members, k.first = append(k.members, m), append(k.first, len(all.in))
		case *products:
			k.members = append(k.members, m.members...)
			for _, first := range m.first[:len(m.members)] {
				k.first = append(k.first, len(all.in)+first)
			}
		}
		for _, n := range u.nodes {
			if !seen[n] {
				seen[n] = true
				all.nodes = append(all.nodes, n)
			}
		}
		all.in = append(all.in, u.in...)
		all.out = append(all.out, u.results()...)
	}
	k.first = append(k.first, len(all.in))
	all.kernel = k
	return all
}

// products computes several products that have the left operand in common.
type products struct {
	members []*matmul
	first   []int // input of each member, and the number of all
}

// String names the members.
func (k *products) String() string {
	names := make([]string, len(k.members))
	for i, m := range k.members {
		names[i] = m.String()
	}
	return strings.Join(names, " | ")
}

// inputs are those of member i.
func (k *products) inputs(i int, in []*tensor.Tensor) []*tensor.Tensor {
	return in[k.first[i]:k.first[i+1]]
}

func (k *products) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(k, x, in, out) }

func (k *products) bind(x *exec, in, out []*tensor.Tensor) (kernel, error) {
	b := &boundProducts{products: k}
	for i, m := range k.members {
		if out[i] == nil || out[i].Len() == 0 {
			b.bound = append(b.bound, nil)
			continue
		}
		p, err := m.bind(x, k.inputs(i, in), out[i:i+1])
		if err != nil {
			return nil, err
		}
		b.bound = append(b.bound, p.(*product))
	}
	return b, nil
}

// boundProducts is products for certain shapes; members without results are nil.
type boundProducts struct {
	*products
	bound []*product
	args  []*gemm.Args
}

func (k *boundProducts) run(x *exec, in, out []*tensor.Tensor) error {
	k.args = k.args[:0]
	for i, p := range k.bound {
		if p != nil {
			p.load(k.inputs(i, in), out[i:i+1])
			k.args = append(k.args, &p.args)
		}
	}
	gemm.MatMuls(x.gemm, k.args)
	clear(k.args)
	for _, p := range k.bound {
		if p != nil {
			p.unload()
		}
	}
	return nil
}
