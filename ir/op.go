package ir

import (
	"fmt"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Op is an operator together with its attributes. Implementations are pointers to structs whose exported fields are the
// attributes; an Op is immutable once it is part of a graph, and may be shared by several nodes.
type Op interface {
	// Infer returns one fact for each result. Absent optional inputs are nil in the context. It must not assume anything
	// of an input that its fact does not state: an unranked input gives unranked results, or an error where the operator
	// can never accept it.
	Infer(c *InferContext) ([]Fact, error)
	// Eval computes the results of actual inputs in plain Go. It is the meaning of the operator: constant folding, the
	// fall-back of every back end and the oracle of fast kernels.
	Eval(c *EvalContext) error
}

// Impure is implemented by operators whose results differ from call to call (random numbers). They are never folded,
// merged or moved.
type Impure interface{ Impure() bool }

// IsImpure reports whether op gives different results from call to call, in itself or in a body that it owns.
func IsImpure(op Op) bool {
	if p, ok := op.(Impure); ok && p.Impure() {
		return true
	}
	for _, b := range Bodies(op) {
		for n := range b.Nodes() {
			if IsImpure(n.Op) {
				return true
			}
		}
	}
	return false
}

// BodyOwner is implemented by control-flow operators. A body names every outer value that it uses as one of its inputs,
// so a body is a closed graph; only symbols are shared with the graph around it.
type BodyOwner interface {
	Op
	// Bodies returns the bodies in a fixed order.
	Bodies() []*Graph
	// WithBodies returns a copy of the operator that owns other bodies, in the order of Bodies.
	WithBodies([]*Graph) Op
}

// Bodies returns the bodies that op owns, nil for most operators.
func Bodies(op Op) []*Graph {
	if b, ok := op.(BodyOwner); ok {
		return b.Bodies()
	}
	return nil
}

// InferContext is what an operator sees when it infers the types of its results.
type InferContext struct {
	In    []*Fact    // nil where an optional input is absent
	Scope *sym.Scope // symbols of the model
}

// NumIn returns the number of inputs, absent ones included.
func (c *InferContext) NumIn() int { return len(c.In) }

// Has reports whether input i is present.
func (c *InferContext) Has(i int) bool { return i < len(c.In) && c.In[i] != nil }

// Type returns the type of input i, the zero Type if it is absent.
func (c *InferContext) Type(i int) Type {
	if !c.Has(i) {
		return Type{}
	}
	return c.In[i].Type
}

// Const returns the contents of input i if they are known constants, else nil.
func (c *InferContext) Const(i int) *tensor.Tensor {
	if !c.Has(i) {
		return nil
	}
	return c.In[i].Const
}

// Exprs returns the symbolic contents of integer input i in row-major order, and whether they are known.
func (c *InferContext) Exprs(i int) ([]sym.Expr, bool) {
	if !c.Has(i) {
		return nil, false
	}
	if s := c.In[i].Sym; s != nil || (c.In[i].Const != nil && c.In[i].Const.Len() == 0) {
		return s, true
	}
	if t := c.In[i].Const; t != nil && t.DType().IsInteger() && t.Len() <= MaxSymbolic {
		s := make([]sym.Expr, t.Len())
		for k := range s {
			s[k] = sym.Const(t.Int64(k))
		}
		return s, true
	}
	return nil, false
}

// Ints returns the contents of integer input i if they are known constants.
func (c *InferContext) Ints(i int) ([]int64, bool) {
	if t := c.Const(i); t != nil && t.DType().IsInteger() {
		return tensor.Int64s(t), true
	}
	return nil, false
}

// Fresh returns a new symbol for a dimension that depends on data; hint names it in messages.
func (c *InferContext) Fresh(hint string) sym.Expr { return c.Scope.Fresh(hint).Expr() }

// FreshDims returns rank new symbols.
func (c *InferContext) FreshDims(hint string, rank int) []sym.Expr {
	dims := make([]sym.Expr, rank)
	for i := range dims {
		dims[i] = c.Fresh(hint)
	}
	return dims
}

// Tensor checks that input i is present and a tensor and returns its type.
func (c *InferContext) Tensor(i int) (Type, error) {
	if !c.Has(i) {
		return Type{}, fmt.Errorf("input %d is required but absent", i)
	}
	if t := c.In[i].Type; t.IsTensor() {
		return t, nil
	}
	return Type{}, fmt.Errorf("input %d must be a tensor, got %v", i, c.In[i].Type)
}

// Expect checks the number of inputs: at least min, at most max (max < 0: any number), the first min present.
func (c *InferContext) Expect(min, max int) error {
	if len(c.In) < min || (max >= 0 && len(c.In) > max) {
		switch {
		case min == max:
			return fmt.Errorf("takes %d inputs, got %d", min, len(c.In))
		case max < 0:
			return fmt.Errorf("takes at least %d inputs, got %d", min, len(c.In))
		}
		return fmt.Errorf("takes %d to %d inputs, got %d", min, max, len(c.In))
	}
	for i := range min {
		if c.In[i] == nil {
			return fmt.Errorf("input %d is required but absent", i)
		}
	}
	return nil
}
