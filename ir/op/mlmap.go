package op

import (
	"fmt"
	"sort"
	"strconv"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// mapInput returns input 0, a map with a vector of values.
func mapInput(c *ir.EvalContext) (keys, values *tensor.Tensor) {
	m, ok := c.In[0].(*tensor.Map)
	if !ok {
		ir.Fail("input 0 must be a map, got %v", ir.TypeOf(c.In[0]))
	}
	v, ok := m.Values.(*tensor.Tensor)
	if !ok || v.Len() != m.Keys.Len() {
		ir.Fail("a map of %d keys has the values %v", m.Keys.Len(), ir.TypeOf(m.Values))
	}
	return m.Keys, v
}

func checkMap(c *ir.InferContext) (ir.Type, error) {
	if err := c.Expect(1, 1); err != nil {
		return ir.Type{}, err
	}
	if t := c.Type(0); t.Kind == ir.KindMap && t.Item != nil && t.Item.IsTensor() {
		return t, nil
	}
	return ir.Type{}, fmt.Errorf("input 0 must be a map to numbers or strings, got %v", c.Type(0))
}

// DictVectorizer is the vector of the values that a map has for the keys of Vocabulary, a vector of i64 or strings; zero or an empty string where
// there is none. A key of the map that is not in the vocabulary does not count.
type DictVectorizer struct{ Vocabulary *tensor.Tensor }

// Infer implements [ir.Op].
func (o *DictVectorizer) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	t, err := checkMap(c)
	if err != nil {
		return nil, err
	}
	if o.Vocabulary == nil || o.Vocabulary.DType() != t.Elem {
		return nil, fmt.Errorf("vocabulary %v does not fit %v", o.Vocabulary, t)
	}
	return []ir.Fact{ir.Of(ir.TensorType(t.Item.Elem, sym.Const(1), sym.Int(o.Vocabulary.Len())))}, nil
}

// Eval implements [ir.Op].
func (o *DictVectorizer) Eval(c *ir.EvalContext) error {
	keys, values := mapInput(c)
	place := make(map[labelKey]int, keys.Len())
	for i := range keys.Len() {
		place[keyAt(keys, i)] = i
	}
	y := c.New(0, values.DType(), 1, o.Vocabulary.Len())
	for i := range o.Vocabulary.Len() {
		if k, ok := place[keyAt(o.Vocabulary, i)]; ok {
			y.CopyElement(i, values, k)
		}
	}
	return nil
}

// CastMap is the vector [1, n] of the values of a map with integer keys, in the order of the keys, in elements Elem (f32, i64 or strings). With Length the
// value of key k is element k of that many, and the others are zero or empty.
type CastMap struct {
	Elem   tensor.DType
	Length int // 0: only the values that are there
}

// Infer implements [ir.Op].
func (o *CastMap) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	t, err := checkMap(c)
	if err != nil {
		return nil, err
	}
	if t.Elem != tensor.Int64 {
		return nil, fmt.Errorf("keys must be i64, got %v", t)
	}
	if o.Elem != tensor.Float32 && o.Elem != tensor.Int64 && o.Elem != tensor.String {
		return nil, fmt.Errorf("values are cast to f32, i64 and strings, not to %v", o.Elem)
	}
	n := sym.Int(o.Length)
	if o.Length == 0 {
		n = c.Fresh("map")
	}
	return []ir.Fact{ir.Of(ir.TensorType(o.Elem, sym.Const(1), n))}, nil
}

// Eval implements [ir.Op].
func (o *CastMap) Eval(c *ir.EvalContext) error {
	keys, values := mapInput(c)
	order := make([]int, keys.Len())
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool { return keys.Int64(order[a]) < keys.Int64(order[b]) })
	n := o.Length
	if n == 0 {
		n = len(order)
	}
	y := c.New(0, o.Elem, 1, n)
	for place, i := range order {
		at := int64(place)
		if o.Length > 0 {
			at = keys.Int64(i)
		}
		if at < 0 || at >= int64(n) {
			return fmt.Errorf("key %d does not fit a vector of %d", at, n)
		}
		if err := castElement(y, int(at), values, i); err != nil {
			return err
		}
	}
	return nil
}

// castElement converts element k of src to element i of dst; either may be a string.
func castElement(dst *tensor.Tensor, i int, src *tensor.Tensor, k int) error {
	switch {
	case src.DType() == tensor.String && dst.DType() == tensor.String:
		dst.Strings()[i] = src.Strings()[k]
	case src.DType() == tensor.String:
		return parseElement(dst, i, src.Strings()[k])
	case dst.DType() == tensor.String:
		dst.Strings()[i] = strconv.FormatFloat(src.Float64(k), 'f', 6, 64)
	case dst.DType().IsInteger():
		dst.SetInt64(i, src.Int64(k))
	default:
		dst.SetFloat64(i, src.Float64(k))
	}
	return nil
}

// ZipMap makes each row of f32 numbers [N, C], or one row [C], a map from Keys, a vector of i64 or strings, to the numbers: a sequence of maps.
type ZipMap struct{ Keys *tensor.Tensor }

// Infer implements [ir.Op].
func (o *ZipMap) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if o.Keys == nil || o.Keys.DType() != tensor.Int64 && o.Keys.DType() != tensor.String {
		return nil, fmt.Errorf("keys must be integers or strings, got %v", o.Keys)
	}
	rows, err := matrixType(c, 0)
	if err != nil {
		return nil, err
	}
	item := ir.MapType(o.Keys.DType(), ir.StaticType(rows.Elem, o.Keys.Len()))
	return []ir.Fact{ir.Of(ir.SequenceType(item))}, nil
}

// Eval implements [ir.Op].
func (o *ZipMap) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	rows, cols, _ := features(x)
	if cols != o.Keys.Len() {
		return fmt.Errorf("%d keys for %d columns", o.Keys.Len(), cols)
	}
	s := &tensor.Sequence{Items: make([]tensor.Value, rows)}
	for r := range rows {
		s.Items[r] = &tensor.Map{Keys: o.Keys, Values: slice(x, r*cols, cols)}
	}
	c.Set(0, s)
	return nil
}

func init() {
	ir.Register[DictVectorizer]()
	ir.Register[CastMap]()
	ir.Register[ZipMap]()
}
