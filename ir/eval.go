package ir

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// DefaultMaxBytes bounds a single result of the reference evaluation; it is an int everywhere.
const DefaultMaxBytes = min(8<<30, math.MaxInt)

// EvalContext is what an operator sees when it computes. Back ends that call Eval as their fall-back fill it in and may
// keep it from run to run.
type EvalContext struct {
	Context context.Context
	In      []tensor.Value // nil where an optional input is absent; not to be modified
	Out     []tensor.Value // filled in by New and Set
	Used    []bool         // which results are needed; nil: all
	Binding sym.Binding    // values of the symbols known so far
	// Alloc provides zeroed storage for a result; nil: the heap, each result limited to DefaultMaxBytes.
	Alloc func(result int, d tensor.DType, shape []int) (*tensor.Tensor, error)
	// MaxBytes bounds what an operator collects before it has a result; 0: DefaultMaxBytes.
	MaxBytes int64
	// RunBody runs body i of a control-flow operator; nil: reference evaluation.
	RunBody func(op BodyOwner, body int, in []tensor.Value) ([]tensor.Value, error)
	// Random seeds operators that draw numbers and have no seed of their own; nil: a seed from the operating system.
	Random func() uint64
}

// NumIn returns the number of inputs, absent ones included.
func (c *EvalContext) NumIn() int { return len(c.In) }

// Has reports whether input i is present.
func (c *EvalContext) Has(i int) bool { return i < len(c.In) && c.In[i] != nil }

// Tensor returns input i, nil if it is absent. An input of another kind ends the evaluation with an error.
func (c *EvalContext) Tensor(i int) *tensor.Tensor {
	if !c.Has(i) {
		return nil
	}
	t, ok := c.In[i].(*tensor.Tensor)
	if !ok {
		panic(evalError{fmt.Errorf("input %d must be a tensor, got %v", i, TypeOf(c.In[i]))})
	}
	return t
}

// Wants reports whether result i is needed.
func (c *EvalContext) Wants(i int) bool {
	return c.Used == nil || i < len(c.Used) && c.Used[i]
}

// New makes result i a zeroed tensor and returns it to be filled in. Too large a result ends the evaluation with an error.
func (c *EvalContext) New(i int, d tensor.DType, shape ...int) *tensor.Tensor {
	alloc := c.Alloc
	if alloc == nil {
		alloc = allocHeap
	}
	t, err := alloc(i, d, shape)
	if err != nil {
		panic(evalError{err})
	}
	c.Set(i, t)
	return t
}

// Temp returns a zeroed tensor that is no result.
func (c *EvalContext) Temp(d tensor.DType, shape ...int) *tensor.Tensor {
	t, err := allocHeap(-1, d, shape)
	if err != nil {
		panic(evalError{err})
	}
	return t
}

// Set makes result i a value at hand, for instance a view of an input.
func (c *EvalContext) Set(i int, v tensor.Value) {
	for len(c.Out) <= i {
		c.Out = append(c.Out, nil)
	}
	c.Out[i] = v
}

// Run runs body i of op.
func (c *EvalContext) Run(op BodyOwner, i int, in []tensor.Value) ([]tensor.Value, error) {
	if c.RunBody != nil {
		return c.RunBody(op, i, in)
	}
	return evaluate(c.Context, op.Bodies()[i], in, append(sym.Binding(nil), c.Binding...), nil)
}

func allocHeap(_ int, d tensor.DType, shape []int) (*tensor.Tensor, error) {
	n, err := tensor.NumElements(shape)
	if err != nil {
		return nil, err
	}
	if n > DefaultMaxBytes || d.ByteLen(n) > DefaultMaxBytes {
		return nil, fmt.Errorf("a tensor %v%v is larger than the limit of %d bytes", d, shape, int64(DefaultMaxBytes))
	}
	return tensor.New(d, shape...), nil
}

// evalError carries an error through the frames of an operator; CallEval turns it back.
type evalError struct{ error }

// Fail ends the evaluation of an operator with an error; for use in helpers deep inside Eval.
func Fail(format string, args ...any) { panic(evalError{fmt.Errorf(format, args...)}) }

func panicError(r any) error {
	switch r := r.(type) {
	case evalError:
		return r.error
	case runtime.Error:
		return fmt.Errorf("internal error: %v", r)
	}
	return fmt.Errorf("internal error: %v", r)
}

// CallEval calls op.Eval; whatever goes wrong in it comes back as an error.
func CallEval(op Op, c *EvalContext) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = panicError(r)
		}
	}()
	return op.Eval(c)
}

// NodeError says at which node of which graph something went wrong.
type NodeError struct {
	Node *Node
	Err  error
}

// Error names the operator and the model's name of the node.
func (e *NodeError) Error() string { return fmt.Sprintf("%v: %v", e.Node, e.Err) }

// Unwrap returns the cause.
func (e *NodeError) Unwrap() error { return e.Err }

// Observer is told of every value as soon as it is computed.
type Observer func(v *Value, x tensor.Value)

// Evaluate runs a graph in plain Go, one operator after another: the reference against which back ends are tested.
// Inputs are in the order of the graph's; results likewise. Actual shapes are checked against the inferred types.
func Evaluate(ctx context.Context, g *Graph, in []tensor.Value, observe Observer) ([]tensor.Value, error) {
	return evaluate(ctx, g, in, g.Scope.NewBinding(), observe)
}

func evaluate(ctx context.Context, g *Graph, in []tensor.Value, b sym.Binding, observe Observer) ([]tensor.Value, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if err := BindInputs(g, in, b); err != nil {
		return nil, err
	}
	values := make([]tensor.Value, g.nextVal)
	left := make([]int, g.nextVal) // uses still to come; a value is dropped after the last
	note := func(v *Value, x tensor.Value) {
		values[v.id], left[v.id] = x, len(v.uses)+v.outs
		if observe != nil {
			observe(v, x)
		}
	}
	for i, v := range g.inputs {
		note(v, in[i])
	}
	c := &EvalContext{Context: ctx, Binding: b}
	for n := range g.Nodes() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c.In, c.Out, c.Used = make([]tensor.Value, len(n.in)), make([]tensor.Value, len(n.out)), make([]bool, len(n.out))
		for i, v := range n.in {
			if v != nil {
				c.In[i] = values[v.id]
			}
		}
		for i, v := range n.out {
			c.Used[i] = v.Used()
		}
		if err := CallEval(n.Op, c); err != nil {
			return nil, &NodeError{n, err}
		}
		for i, v := range n.out {
			if !v.Used() {
				continue
			}
			if c.Out[i] == nil {
				return nil, &NodeError{n, fmt.Errorf("result %d was not computed", i)}
			}
			if err := BindValue(v.Type, c.Out[i], b); err != nil {
				return nil, &NodeError{n, fmt.Errorf("result %d: %w", i, err)}
			}
			note(v, c.Out[i])
		}
		for _, v := range n.in {
			if v != nil {
				if left[v.id]--; left[v.id] == 0 {
					values[v.id] = nil
				}
			}
		}
	}
	out := make([]tensor.Value, len(g.outputs))
	for i, o := range g.outputs {
		out[i] = values[o.Value.id]
	}
	return out, nil
}

// BindInputs checks actual inputs against the types of the graph's inputs and binds the symbols of their dimensions.
// An error names the input, the dimension and both values.
func BindInputs(g *Graph, in []tensor.Value, b sym.Binding) error {
	if len(in) != len(g.inputs) {
		return fmt.Errorf("graph %q takes %d inputs, got %d", g.Name, len(g.inputs), len(in))
	}
	for i, v := range g.inputs {
		if in[i] == nil {
			return fmt.Errorf("input %q is missing", v.Name)
		}
		if err := BindValue(v.Type, in[i], b); err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
	}
	return nil
}

// BindValue checks a value against a type and binds the symbols of its dimensions. An optional may be given as its bare element.
func BindValue(t Type, x tensor.Value, b sym.Binding) error {
	if _, wrapped := x.(*tensor.Optional); !wrapped && t.Kind == KindOptional && t.Item != nil {
		return BindValue(*t.Item, x, b)
	}
	switch x := x.(type) {
	case *tensor.Tensor:
		if t.Kind == KindTensor {
			return BindTensor(t, x, b)
		}
	case *tensor.Sequence:
		if t.Kind == KindSequence {
			return nil
		}
	case *tensor.Optional:
		if t.Kind == KindOptional {
			return nil
		}
	case *tensor.Map:
		if t.Kind == KindMap {
			return nil
		}
	}
	return fmt.Errorf("want %v, got %v", t, TypeOf(x))
}

// BindTensor is BindValue for a tensor; it allocates nothing when all is well.
func BindTensor(t Type, x *tensor.Tensor, b sym.Binding) error {
	return BindShape(t, x.DType(), x.Shape(), b)
}

// BindShape is BindTensor for a tensor of which only the elements and the shape are known.
func BindShape(t Type, elem tensor.DType, shape []int, b sym.Binding) error {
	if elem != t.Elem && t.Elem != tensor.Invalid {
		return fmt.Errorf("want elements %v, got %v", t.Elem, elem)
	}
	if !t.Ranked {
		return nil
	}
	if len(shape) != len(t.Dims) {
		return fmt.Errorf("want shape [%s], got %v: rank %d instead of %d", joinDims(t.Dims), shape, len(shape), len(t.Dims))
	}
	if err := sym.Bind(b, t.Dims, shape); err != nil {
		var m *sym.MismatchError
		if errors.As(err, &m) {
			return fmt.Errorf("want shape [%s], got %v: %w", joinDims(t.Dims), shape, err)
		}
		return err
	}
	return nil
}
