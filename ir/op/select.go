package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Where takes elements from the second input where the first, a bool tensor, is true and from the third elsewhere; all
// broadcast.
type Where struct{}

// Infer implements [ir.Op].
func (o *Where) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	a, b := c.Type(1), c.Type(2)
	if c.Type(0).Elem != tensor.Bool {
		return nil, fmt.Errorf("the condition must be bool, got %v", c.Type(0))
	}
	if a.Elem != b.Elem {
		return nil, fmt.Errorf("element types differ: %v and %v", a.Elem, b.Elem)
	}
	dims, ranked, err := inferBroadcast(c.Type(0), a, b)
	if err != nil {
		return nil, err
	}
	t := ir.Type{Elem: a.Elem, Ranked: ranked, Dims: dims}
	if shape, ok := t.Static(); ok {
		if e, ok := whereContents(c, shape); ok {
			return []ir.Fact{ir.SymFact(t.Elem, shape, e)}, nil
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// whereContents picks the symbolic elements that a known condition says.
func whereContents(c *ir.InferContext, shape []int) ([]sym.Expr, bool) {
	cond := c.Const(0)
	a, okA := c.Exprs(1)
	b, okB := c.Exprs(2)
	n, err := tensor.NumElements(shape)
	if cond == nil || !okA && !okB || err != nil || n > ir.MaxSymbolic {
		return nil, false
	}
	sa, staticA := c.Type(1).Static()
	sb, staticB := c.Type(2).Static()
	if !staticA || !staticB {
		return nil, false
	}
	pick, out, ok := tensor.Data[bool](cond), make([]sym.Expr, n), true
	walk(shape, func(i int, at []int) {
		switch {
		case pick[at[0]] && okA:
			out[i] = a[at[1]]
		case !pick[at[0]] && okB:
			out[i] = b[at[2]]
		default:
			ok = false
		}
	}, broadcastStrides(cond.Shape(), shape), broadcastStrides(sa, shape), broadcastStrides(sb, shape))
	return out, ok
}

// Eval implements [ir.Op].
func (o *Where) Eval(c *ir.EvalContext) error {
	cond, a, b := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	shape := broadcastShapes(cond.Shape(), a.Shape(), b.Shape())
	y := c.New(0, a.DType(), shape...)
	pick := tensor.Data[bool](cond)
	walk(shape, func(i int, at []int) {
		if pick[at[0]] {
			y.CopyElement(i, a, at[1])
		} else {
			y.CopyElement(i, b, at[2])
		}
	}, broadcastStrides(cond.Shape(), shape), broadcastStrides(a.Shape(), shape), broadcastStrides(b.Shape(), shape))
	return nil
}

// Clip limits the elements of the first input to [second, third]; either limit may be absent. With a lower limit above the
// upper one, the result is the upper one.
type Clip struct{}

// Infer implements [ir.Op].
func (o *Clip) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 3); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	for i := 1; i < 3; i++ {
		if c.Has(i) && c.Type(i).Elem != t.Elem {
			return nil, fmt.Errorf("limit %d has elements %v, not %v", i, c.Type(i).Elem, t.Elem)
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *Clip) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	y := c.New(0, x.DType(), x.Shape()...)
	y.CopyFrom(x)
	for i, above := range []bool{false, true} {
		limit := c.Tensor(i + 1)
		if limit == nil {
			continue
		}
		if limit.Len() != 1 {
			return fmt.Errorf("limit %d must be a scalar, got shape %v", i+1, limit.Shape())
		}
		cmp := comparer(y, limit)
		for k := range y.Len() {
			if r := cmp(k, 0); above && r == 1 || !above && r == -1 {
				y.CopyElement(k, limit, 0)
			}
		}
	}
	return nil
}

// Cast converts elements. Strings are parsed and formatted. Saturate says what float8 does with numbers out of range.
type Cast struct {
	To       tensor.DType
	Saturate bool
	Round    string // for f8e8m0: "up", "down", "nearest"; empty: up
}

// Infer implements [ir.Op].
func (o *Cast) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !o.To.Valid() {
		return nil, fmt.Errorf("cannot cast to %v", o.To)
	}
	t = t.WithElem(o.To)
	if o.To == tensor.Int64 || o.To == tensor.Int32 {
		if e, ok := c.Exprs(0); ok {
			if shape, ok := t.Static(); ok {
				return []ir.Fact{ir.SymFact(o.To, shape, e)}, nil
			}
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *Cast) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	y := c.New(0, o.To, x.Shape()...)
	switch {
	case x.DType() == o.To:
		y.CopyFrom(x)
	case o.To == tensor.String:
		for i := range x.Len() {
			y.Strings()[i] = formatElement(x, i)
		}
	case x.DType() == tensor.String:
		for i, s := range x.Strings() {
			if err := parseElement(y, i, s); err != nil {
				return err
			}
		}
	case o.To == tensor.Float8E8M0 && o.Round != "":
		for i := range x.Len() {
			y.Bytes()[i] = tensor.EncodeE8M0(x.Float64(i), o.Saturate, o.Round)
		}
	default:
		tensor.ConvertInto(y, x, o.Saturate)
	}
	return nil
}

func init() {
	ir.Register[Where]()
	ir.Register[Clip]()
	ir.Register[Cast]()
}
