package cpu

import (
	"slices"
	"strings"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// joinProducts joins products of one matrix with several weights, such as queries, keys and values or the two branches of a gated layer: one step
// computes them all, each into memory of its own and with its own epilogue. They are computed where the first of them ends.
func joinProducts(g *ir.Graph, units map[*ir.Node]*unit) []*unit {
	type left struct {
		a     *ir.Value
		trans bool
	}
	var order []left
	groups := map[left][]*unit{}
	for n := range g.Nodes() {
		u := units[n]
		if u == nil || u.last() != n || !joins(u) {
			continue
		}
		l := left{u.in[0], u.kernel.(*matmul).transA}
		if groups[l] == nil {
			order = append(order, l)
		}
		groups[l] = append(groups[l], u)
	}
	var joined []*unit
	for _, l := range order {
		if members := groups[l]; len(members) > 1 {
			joined = append(joined, joinUnits(members))
		}
	}
	return joined
}

// joins reports whether a unit is one product with packed weights, and everything that it needs beside the left operand is there from the
// beginning.
func joins(u *unit) bool {
	k, ok := u.kernel.(*matmul)
	if !ok || !k.single || k.packed == nil || u.in[0].Const != nil {
		return false
	}
	return !slices.ContainsFunc(u.in[1:], func(v *ir.Value) bool { return v != nil && v.Const == nil && !v.IsGraphInput() })
}

func joinUnits(members []*unit) *unit {
	all := &unit{at: members[0].last()}
	k := &products{}
	for _, u := range members {
		k.members = append(k.members, u.kernel.(*matmul))
		k.first = append(k.first, len(all.in))
		all.nodes = append(all.nodes, u.nodes...)
		all.in = append(all.in, u.in...)
		all.out = append(all.out, u.last().Out()...)
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
