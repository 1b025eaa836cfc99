package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// labelKey is an element of any type as a key of a Go map; all NaN are one.
type labelKey struct {
	s string
	n uint64
}

func keyAt(t *tensor.Tensor, i int) labelKey {
	switch d := t.DType(); {
	case d == tensor.String:
		return labelKey{s: t.Strings()[i]}
	case d.IsFloat():
		v := t.Float64(i)
		if v != v {
			v = math.NaN()
		}
		return labelKey{n: math.Float64bits(v + 0)} // no negative zero
	}
	return labelKey{n: uint64(t.Int64(i))}
}

// LabelEncoder replaces each element that is the i-th of Keys by the i-th of Values, of repeated keys the last, and all others by the one
// element of Default. Keys and Values are vectors.
type LabelEncoder struct{ Keys, Values, Default *tensor.Tensor }

// Infer implements [ir.Op].
func (o *LabelEncoder) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if o.Keys == nil || o.Values == nil || o.Default == nil || o.Keys.Len() != o.Values.Len() || o.Default.Len() != 1 || o.Default.DType() != o.Values.DType() {
		return nil, fmt.Errorf("keys %v, values %v and default %v do not fit", o.Keys, o.Values, o.Default)
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Elem != o.Keys.DType() && t.Elem != tensor.Invalid {
		return nil, fmt.Errorf("elements are %v, keys %v", t.Elem, o.Keys.DType())
	}
	return []ir.Fact{ir.Of(t.WithElem(o.Values.DType()))}, nil
}

// Eval implements [ir.Op].
func (o *LabelEncoder) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	index := make(map[labelKey]int, o.Keys.Len())
	for i := range o.Keys.Len() {
		index[keyAt(o.Keys, i)] = i
	}
	y := c.New(0, o.Values.DType(), x.Shape()...)
	for i := range x.Len() {
		if k, ok := index[keyAt(x, i)]; ok {
			y.CopyElement(i, o.Values, k)
		} else {
			y.CopyElement(i, o.Default, 0)
		}
	}
	return nil
}

// CategoryOneHot gives each element a new last axis, f32, that is 1 at the place of the element in Categories, a vector of strings or i64, and 0
// elsewhere. Numbers are truncated to integers first. What is no category is an error if Strict is set, else all zeros.
type CategoryOneHot struct {
	Categories *tensor.Tensor
	Strict     bool
}

// Infer implements [ir.Op].
func (o *CategoryOneHot) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if o.Categories == nil || (o.Categories.DType() == tensor.String) != (t.Elem == tensor.String) && t.Elem != tensor.Invalid {
		return nil, fmt.Errorf("elements %v do not fit categories %v", t.Elem, o.Categories)
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(tensor.Float32))}, nil
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, append(append([]sym.Expr{}, t.Dims...), sym.Int(o.Categories.Len()))...))}, nil
}

// Eval implements [ir.Op].
func (o *CategoryOneHot) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	n := o.Categories.Len()
	place := make(map[labelKey]int, n)
	for i := range n {
		if _, twice := place[keyAt(o.Categories, i)]; !twice {
			place[keyAt(o.Categories, i)] = i
		}
	}
	y := tensor.Data[float32](c.New(0, tensor.Float32, append(append([]int{}, x.Shape()...), n)...))
	for i := range x.Len() {
		k := labelKey{}
		if x.DType() == tensor.String {
			k.s = x.Strings()[i]
		} else {
			k.n = uint64(x.Int64(i))
		}
		if j, ok := place[k]; ok {
			y[i*n+j] = 1
		} else if o.Strict {
			return fmt.Errorf("element %d is none of the %d categories", i, n)
		}
	}
	return nil
}

// FeatureVectorizer joins tensors [N, C] or [C] to one, f32, along the last axis; the i-th contributes Sizes[i] columns, cut off or filled up with
// zeros.
type FeatureVectorizer struct{ Sizes []int }

// Infer implements [ir.Op].
func (o *FeatureVectorizer) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, -1); err != nil {
		return nil, err
	}
	if len(o.Sizes) != c.NumIn() {
		return nil, fmt.Errorf("%d sizes for %d inputs", len(o.Sizes), c.NumIn())
	}
	total := 0
	for _, n := range o.Sizes {
		if n < 0 || n > ir.DefaultMaxBytes {
			return nil, fmt.Errorf("an input cannot contribute %d columns", n)
		}
		total += n
	}
	var rows ir.Type
	for i := range c.NumIn() {
		t, err := matrixType(c, i)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			rows = t
		}
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, rows.Dims[0], sym.Int(total)))}, nil
}

// Eval implements [ir.Op].
func (o *FeatureVectorizer) Eval(c *ir.EvalContext) error {
	total := 0
	for _, n := range o.Sizes {
		total += n
	}
	rows, _, _ := features(c.Tensor(0))
	y := tensor.Data[float32](c.New(0, tensor.Float32, rows, total))
	from := 0
	for i, n := range o.Sizes {
		r, cols, _ := features(c.Tensor(i))
		if r != rows {
			return fmt.Errorf("inputs have %d and %d rows", rows, r)
		}
		x := c.Tensor(i)
		for k := range rows {
			for j := range min(n, cols) {
				y[k*total+from+j] = float32(x.Float64(k*cols + j))
			}
		}
		from += n
	}
	return nil
}

func init() {
	ir.Register[LabelEncoder]()
	ir.Register[CategoryOneHot]()
	ir.Register[FeatureVectorizer]()
}
