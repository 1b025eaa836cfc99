package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/loop"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// normUnit lets a norm compute its input, such as the sum of a layer and what bypasses it, row by row before it normalises it. The input is a
// result too where something else uses it.
func (p *Program) normUnit(n *ir.Node, taken map[*ir.Node]*unit, order map[*ir.Node]int) *unit {
	switch n.Op.(type) {
	case *op.LayerNorm, *op.RMSNorm:
	default:
		return nil
	}
	x := n.Input(0)
	k, _ := lower(n, p).(*norm)
	if k == nil || x.Def() == nil || taken[x.Def()] != nil || !looped(x.Def()) || x.Type.Elem != tensor.Float32 || !n.Out()[0].Used() {
		return nil
	}
	u := loopUnit(inOrder(chain(x.Def(), taken), order))
	s := &summedNorm{loop: u.kernel.(*loopKernel), norm: k, leaves: len(u.in)}
	u.kernel = s
	u.nodes = append(u.nodes, n)
	u.in = append(u.in, n.Input(1), n.Input(2))
	u.out = append(u.out, n.Out()...)
	if x.IsOutput() || len(x.Uses()) > 1 {
		for _, v := range u.in[s.leaves:] {
			if v != nil && v.Const == nil && !v.IsGraphInput() {
				return nil // it may stand behind what else uses the sum
			}
		}
		u.at = x.Def()
		u.out = append(u.out, x)
	}
	return u
}

// summedNorm computes the input of a norm by a loop program. Its inputs are those of the loop, the scale and the bias; its results those
// of the norm and, where it is wanted, its input.
type summedNorm struct {
	loop   *loopKernel
	norm   *norm
	leaves int
}

// String names both.
func (k *summedNorm) String() string {
	if k.norm.rms {
		return k.loop.String() + "+rmsnorm"
	}
	return k.loop.String() + "+layernorm"
}

func (k *summedNorm) inPlace() []int { return k.loop.same }

func (k *summedNorm) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(k, x, in, out) }

func (k *summedNorm) bind(x *exec, in, out []*tensor.Tensor) (kernel, error) {
	before, err := k.loop.bind(x, in[:k.leaves], out[:1])
	if err != nil {
		return nil, err
	}
	after, err := k.norm.of(out[0].Shape(), in[k.leaves], in[k.leaves+1])
	if err != nil {
		return nil, err
	}
	b := &boundSummedNorm{boundNorm: after, leaves: k.leaves, before: before.(*boundLoop)}
	b.body = b.part
	return b, nil
}

// boundSummedNorm is summedNorm for certain shapes.
type boundSummedNorm struct {
	*boundNorm
	leaves int
	before *boundLoop
	body   func(lo, hi int)
}

func (k *boundSummedNorm) run(x *exec, in, out []*tensor.Tensor) error {
	statistics := 3
	if k.rms {
		statistics = 2
	}
	sum := out[0]
	if len(out) > statistics {
		sum = out[statistics]
	}
	k.before.begin(in[:k.leaves], sum)
	k.begin(f32(sum), in[k.leaves], in[k.leaves+1], out[:statistics])
	x.divide(k.count, float64(k.rows.N)*(normCost+k.before.cost), k.body)
	return nil
}

// part computes rows [lo, hi), a few at a time so that they are still in the first cache when they are normalised.
func (k *boundSummedNorm) part(lo, hi int) {
	f := k.before.frame()
	step := max(1, 2*loop.Tile/k.rows.N)
	for ; lo < hi; lo += step {
		end := min(hi, lo+step)
		k.before.walk.Run(f, k.before.dst, k.before.leaves, lo*k.rows.N, end*k.rows.N)
		k.boundNorm.part(lo, end)
	}
	k.before.giveBack(f)
}
