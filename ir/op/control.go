package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// If runs one of two bodies. Inputs are the condition, a bool of one element, and the values that the bodies use: both bodies take
// all of them.
type If struct {
	Then, Else *ir.Graph
}

// Bodies implements [ir.BodyOwner].
func (o *If) Bodies() []*ir.Graph { return []*ir.Graph{o.Then, o.Else} }

// WithBodies implements [ir.BodyOwner].
func (o *If) WithBodies(b []*ir.Graph) ir.Op { return &If{b[0], b[1]} }

// Infer implements [ir.Op].
func (o *If) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, -1); err != nil {
		return nil, err
	}
	if t := c.Type(0); t.Elem != tensor.Bool {
		return nil, fmt.Errorf("the condition must be bool, got %v", t)
	}
	for _, b := range o.Bodies() {
		if len(b.Inputs()) != c.NumIn()-1 {
			return nil, fmt.Errorf("body %q takes %d values, got %d", b.Name, len(b.Inputs()), c.NumIn()-1)
		}
	}
	a, b := o.Then.Outputs(), o.Else.Outputs()
	if len(a) != len(b) {
		return nil, fmt.Errorf("one body has %d results, the other %d", len(a), len(b))
	}
	out := make([]ir.Fact, len(a))
	cond := c.Const(0)
	for i := range a {
		x, y := a[i].Value.Fact, b[i].Value.Fact
		switch {
		case cond != nil && cond.Len() == 1 && cond.Int64(0) != 0:
			out[i] = x
		case cond != nil && cond.Len() == 1:
			out[i] = y
		default:
			t, err := unite(c, x.Type, y.Type)
			if err != nil {
				return nil, fmt.Errorf("result %d: %w", i, err)
			}
			out[i] = ir.Of(t)
		}
	}
	return out, nil
}

// unite is the most precise type of a value that is of one of two types.
func unite(c *ir.InferContext, a, b ir.Type) (ir.Type, error) {
	if a.Kind != b.Kind {
		if a.Kind == ir.KindOptional {
			return a, nil
		}
		if b.Kind == ir.KindOptional {
			return b, nil
		}
		return a, fmt.Errorf("bodies give %v and %v", a, b)
	}
	if a.Kind != ir.KindTensor {
		if a.Item == nil || b.Item == nil {
			return a, nil
		}
		item, err := unite(c, *a.Item, *b.Item)
		a.Item = &item
		return a, err
	}
	if a.Elem != b.Elem {
		if a.Elem != tensor.Invalid && b.Elem != tensor.Invalid {
			return a, fmt.Errorf("bodies give %v and %v", a, b)
		}
		a.Elem = max(a.Elem, b.Elem)
	}
	if !a.Ranked || !b.Ranked || len(a.Dims) != len(b.Dims) {
		return ir.UnrankedType(a.Elem), nil
	}
	dims := slices.Clone(a.Dims)
	for i, d := range b.Dims {
		if !dims[i].Equal(d) || dims[i].HasFresh() {
			dims[i] = c.Fresh("if")
		}
	}
	return a.WithDims(dims...), nil
}

// Eval implements [ir.Op].
func (o *If) Eval(c *ir.EvalContext) error {
	cond := c.Tensor(0)
	if cond.Len() != 1 {
		return fmt.Errorf("the condition must be one bool, got shape %v", cond.Shape())
	}
	body := 1
	if cond.Int64(0) != 0 {
		body = 0
	}
	out, err := c.Run(o, body, c.In[1:])
	if err != nil {
		return err
	}
	for i, v := range out {
		c.Set(i, v)
	}
	return nil
}

// Loop runs a body again and again. Inputs are the largest number of iterations (i64, optional), the first condition (bool, optional),
// Carried values that pass from iteration to iteration, and further values that the body uses. The body takes the
// iteration (i64), the condition, the carried values and the others; it gives the next condition, the carried values, and values to be
// collected along a new first axis, which are the last results of the loop.
type Loop struct {
	Carried int
	Body    *ir.Graph
}

// Bodies implements [ir.BodyOwner].
func (o *Loop) Bodies() []*ir.Graph { return []*ir.Graph{o.Body} }

// WithBodies implements [ir.BodyOwner].
func (o *Loop) WithBodies(b []*ir.Graph) ir.Op { return &Loop{o.Carried, b[0]} }

// Infer implements [ir.Op].
func (o *Loop) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(0, -1); err != nil {
		return nil, err
	}
	outs := o.Body.Outputs()
	if len(o.Body.Inputs()) != c.NumIn() || len(outs) < 1+o.Carried || c.NumIn() < 2+o.Carried {
		return nil, fmt.Errorf("body with %d inputs and %d results does not fit a loop of %d inputs that carries %d", len(o.Body.Inputs()), len(outs), c.NumIn(), o.Carried)
	}
	var trips sym.Expr
	known := false
	if m, ok := c.Exprs(0); ok && len(m) == 1 && (!c.Has(1) || isTrue(c.Const(1))) && (isTrue(outs[0].Value.Const) || PassesOn(o.Body, 1, 0)) {
		trips, known = sym.Max(sym.Const(0), m[0]), true
	}
	facts := make([]ir.Fact, 0, len(outs)-1)
	for i, v := range outs[1:] {
		t := v.Value.Type
		if i < o.Carried {
			// the result may be the initial value, if there is no iteration
			u, err := unite(c, c.Type(2+i), o.Body.Inputs()[2+i].Type)
			if err != nil {
				return nil, fmt.Errorf("carried value %d: %w", i, err)
			}
			if u, err = unite(c, u, t); err != nil {
				return nil, fmt.Errorf("carried value %d: %w", i, err)
			}
			facts = append(facts, ir.Of(u))
			continue
		}
		if !t.Ranked {
			facts = append(facts, ir.Of(ir.UnrankedType(t.Elem)))
			continue
		}
		n := trips
		if !known {
			n = c.Fresh("loop")
		}
		dims := append([]sym.Expr{n}, t.Dims...)
		for k := 1; k < len(dims); k++ {
			if !ownSymbols(o.Body, dims[k]) {
				dims[k] = c.Fresh("loop")
			}
		}
		facts = append(facts, ir.Of(ir.TensorType(t.Elem, dims...)))
	}
	return facts, nil
}

// isTrue reports whether a condition is known to hold.
func isTrue(cond *tensor.Tensor) bool { return cond != nil && cond.Len() == 1 && cond.Int64(0) != 0 }

// PassesOn reports whether output j of a body is just its input i.
func PassesOn(b *ir.Graph, i, j int) bool {
	v := b.Outputs()[j].Value
	for v.Def() != nil {
		if _, ok := v.Def().Op.(*Identity); !ok {
			return false
		}
		v = v.Def().Input(0)
	}
	return v.Index() == i
}

// ownSymbols reports whether a dimension inside a body means the same outside: it has no symbol that depends on data.
func ownSymbols(_ *ir.Graph, e sym.Expr) bool { return !e.HasFresh() }

const tensorBytes = 128 // of a tensor beside its elements

// Eval implements [ir.Op].
func (o *Loop) Eval(c *ir.EvalContext) error {
	limit, cond := int64(-1), true
	if t := c.Tensor(0); t != nil {
		if t.Len() != 1 {
			return fmt.Errorf("the number of iterations must be one integer, got shape %v", t.Shape())
		}
		limit = max(0, t.Int64(0))
	}
	if t := c.Tensor(1); t != nil {
		if t.Len() != 1 {
			return fmt.Errorf("the condition must be one bool, got shape %v", t.Shape())
		}
		cond = t.Int64(0) != 0
	}
	in := slices.Clone(c.In)
	collected := make([][]tensor.Value, len(o.Body.Outputs())-1-o.Carried)
	bytes := int64(0) // of what is collected
	for i := int64(0); cond && (limit < 0 || i < limit); i++ {
		if err := contextErr(c); err != nil {
			return err
		}
		in[0], in[1] = tensor.Scalar(i), tensor.Scalar(cond)
		out, err := c.Run(o, 0, in)
		if err != nil {
			return fmt.Errorf("iteration %d: %w", i, err)
		}
		next, ok := out[0].(*tensor.Tensor)
		if !ok || next.Len() != 1 {
			return fmt.Errorf("iteration %d: the condition must be one bool, got %v", i, ir.TypeOf(out[0]))
		}
		cond = next.Int64(0) != 0
		copy(in[2:], out[1:1+o.Carried])
		for k := range collected {
			v := out[1+o.Carried+k]
			if t, ok := v.(*tensor.Tensor); ok {
				bytes += int64(t.DType().ByteLen(t.Len())) + tensorBytes
			}
			collected[k] = append(collected[k], v)
		}
		if most := cmp.Or(c.MaxBytes, ir.DefaultMaxBytes); bytes > most {
			return fmt.Errorf("iteration %d: what the iterations give takes more than %d bytes", i, most)
		}
	}
	for i := range o.Carried {
		c.Set(i, in[2+i])
	}
	for k, items := range collected {
		t := o.Body.Outputs()[1+o.Carried+k].Value.Type
		y, err := stackScan(items, 0, false, t)
		if err != nil {
			return err
		}
		c.Set(o.Carried+k, y)
	}
	return nil
}

func contextErr(c *ir.EvalContext) error {
	if c.Context == nil {
		return nil
	}
	return c.Context.Err()
}

// stackScan joins values along a new axis. Without any, the result is empty and has the static dimensions of type t.
func stackScan(items []tensor.Value, axis int, backward bool, t ir.Type) (*tensor.Tensor, error) {
	if len(items) == 0 {
		shape := []int{0}
		for _, d := range t.Dims {
			n, _ := d.IsConst()
			shape = append(shape, int(n))
		}
		return tensor.New(t.Elem, shape...), nil
	}
	if backward {
		items = slices.Clone(items)
		slices.Reverse(items)
	}
	first, ok := items[0].(*tensor.Tensor)
	if !ok {
		return nil, fmt.Errorf("only tensors can be collected, got %v", ir.TypeOf(items[0]))
	}
	axis, err := axisIn(axis, first.Rank()+1)
	if err != nil {
		return nil, err
	}
	y := tensor.New(first.DType(), slices.Insert(slices.Clone(first.Shape()), axis, len(items))...)
	outer, n, inner := split3(y.Shape(), axis)
	for i, v := range items {
		x, ok := v.(*tensor.Tensor)
		if !ok || !slices.Equal(x.Shape(), first.Shape()) || x.DType() != first.DType() {
			return nil, fmt.Errorf("collected values differ: %v and %v", ir.TypeOf(first), ir.TypeOf(v))
		}
		for a := range outer {
			for b := range inner {
				y.CopyElement((a*n+i)*inner+b, x, a*inner+b)
			}
		}
	}
	return y, nil
}

// Scan runs a body for each slice of its last Scanned carried-behind inputs. Inputs are States values that pass from iteration to
// iteration, Scanned tensors that are cut along an axis, and further values that the body uses. Results are the final states and,
// stacked along an axis, what the body gives behind its states. Axes and directions (true: backward) are given for each scanned
// input and result.
type Scan struct {
	States, Scanned         int
	InputAxes, OutputAxes   []int
	InputBackward, Backward []bool
	Body                    *ir.Graph
}

// Bodies implements [ir.BodyOwner].
func (o *Scan) Bodies() []*ir.Graph { return []*ir.Graph{o.Body} }

// WithBodies implements [ir.BodyOwner].
func (o *Scan) WithBodies(b []*ir.Graph) ir.Op {
	c := *o
	c.Body = b[0]
	return &c
}

func at[T any](list []T, i int) (x T) {
	if i < len(list) {
		x = list[i]
	}
	return x
}

// Infer implements [ir.Op].
func (o *Scan) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	outs := o.Body.Outputs()
	if o.States < 0 || o.Scanned < 1 || c.NumIn() < o.States+o.Scanned || len(o.Body.Inputs()) != c.NumIn() || len(outs) < o.States {
		return nil, fmt.Errorf("body with %d inputs and %d results does not fit a scan of %d inputs, %d states", len(o.Body.Inputs()), len(outs), c.NumIn(), o.States)
	}
	n, known := sym.Expr{}, false
	if t := c.Type(o.States); t.Ranked {
		axis, err := axisIn(at(o.InputAxes, 0), len(t.Dims))
		if err != nil {
			return nil, err
		}
		n, known = t.Dims[axis], true
	}
	facts := make([]ir.Fact, len(outs))
	for i, v := range outs {
		t := v.Value.Type
		switch {
		case i < o.States:
			u, err := unite(c, c.Type(i), t)
			if err != nil {
				return nil, fmt.Errorf("state %d: %w", i, err)
			}
			facts[i] = ir.Of(u)
		case !t.Ranked || !known:
			facts[i] = ir.Of(ir.UnrankedType(t.Elem))
		default:
			axis, err := axisIn(at(o.OutputAxes, i-o.States), len(t.Dims)+1)
			if err != nil {
				return nil, err
			}
			dims := slices.Clone(t.Dims)
			for k := range dims {
				if !ownSymbols(o.Body, dims[k]) {
					dims[k] = c.Fresh("scan")
				}
			}
			facts[i] = ir.Of(ir.TensorType(t.Elem, slices.Insert(dims, axis, n)...))
		}
	}
	return facts, nil
}

// Eval implements [ir.Op].
func (o *Scan) Eval(c *ir.EvalContext) error {
	n := -1
	for i := range o.Scanned {
		x := c.Tensor(o.States + i)
		axis, err := axisIn(at(o.InputAxes, i), x.Rank())
		if err != nil {
			return err
		}
		if n >= 0 && x.Dim(axis) != n {
			return fmt.Errorf("scanned inputs have %d and %d slices", n, x.Dim(axis))
		}
		n = x.Dim(axis)
	}
	in := slices.Clone(c.In)
	outs := o.Body.Outputs()
	collected := make([][]tensor.Value, len(outs)-o.States)
	for step := range n {
		if err := contextErr(c); err != nil {
			return err
		}
		for i := range o.Scanned {
			x := c.Tensor(o.States + i)
			axis, _ := axisIn(at(o.InputAxes, i), x.Rank())
			k := step
			if at(o.InputBackward, i) {
				k = n - 1 - step
			}
			in[o.States+i] = cut(x, axis, k)
		}
		out, err := c.Run(o, 0, in)
		if err != nil {
			return fmt.Errorf("iteration %d: %w", step, err)
		}
		copy(in, out[:o.States])
		for k := range collected {
			collected[k] = append(collected[k], out[o.States+k])
		}
	}
	for i := range o.States {
		c.Set(i, in[i])
	}
	for k, items := range collected {
		y, err := stackScan(items, at(o.OutputAxes, k), at(o.Backward, k), outs[o.States+k].Value.Type)
		if err != nil {
			return err
		}
		c.Set(o.States+k, y)
	}
	return nil
}

// cut is slice k along an axis, without the axis.
func cut(x *tensor.Tensor, axis, k int) *tensor.Tensor {
	outer, n, inner := split3(x.Shape(), axis)
	y := tensor.New(x.DType(), slices.Delete(slices.Clone(x.Shape()), axis, axis+1)...)
	for a := range outer {
		for b := range inner {
			y.CopyElement(a*inner+b, x, (a*n+k)*inner+b)
		}
	}
	return y
}

func init() {
	ir.Register[If]()
	ir.Register[Loop]()
	ir.Register[Scan]()
}
