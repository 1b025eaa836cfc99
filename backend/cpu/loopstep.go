package cpu

import (
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/loop"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(_ *op.Unary, n *ir.Node, _ *Program) kernel { return lowerOther(n) })
	lowerBy(func(_ *op.Binary, n *ir.Node, _ *Program) kernel { return lowerOther(n) })
	lowerBy(func(_ *op.Where, n *ir.Node, _ *Program) kernel { return lowerOther(n) })
	lowerBy(func(_ *op.Clip, n *ir.Node, _ *Program) kernel { return lowerOther(n) })
	lowerBy(func(_ *op.Cast, n *ir.Node, _ *Program) kernel { return lowerOther(n) })
}

// loopUnit makes one loop of elementwise nodes, of which the last defines the result. The operands are in the order of their first use, each
// once.
func loopUnit(nodes []*ir.Node) *unit {
	k := &loopKernel{program: &loop.Program{}}
	u := &unit{nodes: nodes, kernel: k}
	values := map[*ir.Value]loop.Value{}
	leaf := func(v *ir.Value) loop.Value {
		if v.Const != nil && v.Const.Len() == 1 && v.Type.Elem == tensor.Float32 && len(v.Type.Dims) <= len(nodes[len(nodes)-1].Out()[0].Type.Dims) {
			return k.program.Const(f32(v.Const)[0])
		}
		u.in = append(u.in, v)
		if v.Type.Elem == tensor.Bool {
			return k.program.BoolLeaf()
		}
		return k.program.Leaf()
	}
	for i, n := range nodes {
		args := make([]loop.Value, len(n.In()))
		for j, v := range n.In() {
			if _, limit := n.Op.(*op.Clip); v == nil || limit && j > 0 {
				continue
			}
			x, ok := values[v]
			if !ok {
				x = leaf(v)
				values[v] = x
			}
			args[j] = x
		}
		values[n.Out()[0]] = emit(k.program, n, args)
		if i == len(nodes)-1 {
			k.program.Return(values[n.Out()[0]])
		}
	}
	k.program.Compile()
	out := nodes[len(nodes)-1].Out()[0].Type.Elem
	for i, v := range u.in {
		if v.Type.Elem == out {
			k.same = append(k.same, i)
		}
	}
	return u
}

// loopKernel runs a loop program.
type loopKernel struct {
	program *loop.Program
	same    []int // inputs of the result's type
}

// String names the functions, and says whether they are machine code rather than interpreted.
func (k *loopKernel) String() string {
	s := "loop(" + k.program.Verbs() + ")"
	if k.program.Native() {
		s = "native " + s
	}
	return s
}

func (k *loopKernel) inPlace() []int { return k.same }

func (k *loopKernel) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(k, x, in, out) }

func (k *loopKernel) bind(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
	strides := make([][]int, len(in))
	for i, t := range in {
		var err error
		if strides[i], err = broadcast(t.Shape(), out[0].Shape()); err != nil {
			return nil, err
		}
	}
	b := &boundLoop{walk: k.program.Bind(out[0].Shape(), strides), leaves: make([]loop.Operand, len(in)), cost: k.program.Cost()}
	b.body = b.part
	return b, nil
}

// boundLoop is a loop program for certain shapes.
type boundLoop struct {
	walk   *loop.Walk
	cost   float64
	leaves []loop.Operand
	dst    loop.Operand
	body   func(lo, hi int)

	mu     sync.Mutex
	frames []*loop.Frame // that no part uses at the moment
}

func (b *boundLoop) run(x *exec, in, out []*tensor.Tensor) error {
	b.begin(in, out[0])
	// Parts are whole tiles, so that they are the same however the work is divided.
	n := b.walk.Len()
	x.divide((n+loop.Tile-1)/loop.Tile, b.cost*loop.Tile, b.body)
	return nil
}

// begin sets the operands.
func (b *boundLoop) begin(in []*tensor.Tensor, out *tensor.Tensor) {
	for i, t := range in {
		b.leaves[i] = loopOperand(t)
	}
	b.dst = loopOperand(out)
}

func loopOperand(t *tensor.Tensor) loop.Operand {
	if t.DType() == tensor.Bool {
		return loop.Operand{Bools: tensor.Data[bool](t)}
	}
	return loop.Operand{Numbers: f32(t)}
}

// part computes tiles lo to hi.
func (b *boundLoop) part(lo, hi int) {
	f := b.frame()
	b.walk.Run(f, b.dst, b.leaves, lo*loop.Tile, min(hi*loop.Tile, b.walk.Len()))
	b.giveBack(f)
}

func (b *boundLoop) giveBack(f *loop.Frame) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames = append(b.frames, f)
}

func (b *boundLoop) frame() *loop.Frame {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.frames); n > 0 {
		f := b.frames[n-1]
		b.frames = b.frames[:n-1]
		return f
	}
	return &loop.Frame{}
}
