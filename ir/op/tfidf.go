package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TfIdfVectorizer counts the n-grams of a pool in the rows of its input, [C] or [N, C], strings or integers; the result is f32, [W] or
// [N, W], W being one more than the largest of Indexes. An n-gram may skip the same number of items, up to MaxSkip, between any
// two of its own.
//
// PoolInts or PoolStrings holds all 1-grams, then all 2-grams and so on; Counts says where each group starts, Indexes which column counts an
// n-gram. Mode is TF (counts), IDF (the weight of the column where the count is not zero) or TFIDF (counts times weights). Without Weights
// they are 1.
type TfIdfVectorizer struct {
	Mode             string
	MinGram, MaxGram int
	MaxSkip          int
	Counts, Indexes  []int64
	PoolInts         []int64
	PoolStrings      []string
	Weights          []float32
}

func (o *TfIdfVectorizer) width() (int64, error) {
	switch {
	case o.Mode != "TF" && o.Mode != "IDF" && o.Mode != "TFIDF":
		return 0, fmt.Errorf("the mode must be TF, IDF or TFIDF, got %q", o.Mode)
	case len(o.PoolInts) > 0 && len(o.PoolStrings) > 0:
		return 0, fmt.Errorf("the pool must be of integers or of strings, not both")
	case o.MinGram < 1 || o.MaxGram < o.MinGram || o.MaxSkip < 0:
		return 0, fmt.Errorf("lengths %d to %d with %d skipped are no n-grams", o.MinGram, o.MaxGram, o.MaxSkip)
	}
	w := int64(0)
	for _, k := range o.Indexes {
		if k < 0 || k > ir.DefaultMaxBytes {
			return 0, fmt.Errorf("column %d of an n-gram is out of range", k)
		}
		w = max(w, k+1)
	}
	if len(o.Weights) > 0 && int64(len(o.Weights)) < w {
		return 0, fmt.Errorf("%d weights for %d columns", len(o.Weights), w)
	}
	return w, nil
}

// Infer implements [ir.Op].
func (o *TfIdfVectorizer) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if want := len(o.PoolStrings) > 0; (t.Elem == tensor.String) != want && t.Elem != tensor.Invalid {
		return nil, fmt.Errorf("elements %v do not fit the pool of n-grams", t.Elem)
	}
	w, err := o.width()
	if err != nil {
		return nil, err
	}
	rank, ok := t.Rank()
	switch {
	case !ok:
		return []ir.Fact{ir.Of(ir.UnrankedType(tensor.Float32))}, nil
	case rank < 2:
		return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, sym.Const(w)))}, nil
	case rank == 2:
		return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, t.Dims[0], sym.Const(w)))}, nil
	}
	return nil, fmt.Errorf("takes shapes [C] and [N, C], got %v", t)
}

// grams is a tree of n-grams: children by node and token, and for each node the number of the n-gram that ends there, or −1.
type grams[T comparable] struct {
	child map[gramEdge[T]]int
	ends  []int
}

type gramEdge[T comparable] struct {
	node  int
	token T
}

func newGrams[T comparable](o *TfIdfVectorizer, pool []T) (*grams[T], error) {
	g := &grams[T]{child: map[gramEdge[T]]int{}, ends: []int{-1}}
	id := 0
	for i, from := range o.Counts {
		to := int64(len(pool))
		if i+1 < len(o.Counts) {
			to = o.Counts[i+1]
		}
		n := int64(i + 1)
		if from < 0 || to < from || to > int64(len(pool)) || (to-from)%n != 0 {
			return nil, fmt.Errorf("%d-grams from %d to %d do not fit a pool of %d", n, from, to, len(pool))
		}
		for ; from < to; from += n {
			if id >= len(o.Indexes) {
				return nil, fmt.Errorf("%d columns for more n-grams", len(o.Indexes))
			}
			if n >= int64(o.MinGram) && n <= int64(o.MaxGram) {
				g.add(pool[from:from+n], id)
			}
			id++
		}
	}
	return g, nil
}

func (g *grams[T]) add(tokens []T, id int) {
	node := 0
	for _, t := range tokens {
		e := gramEdge[T]{node, t}
		next, ok := g.child[e]
		if !ok {
			next = len(g.ends)
			g.child[e] = next
			g.ends = append(g.ends, -1)
		}
		node = next
	}
	g.ends[node] = id
}

// count calls found for every n-gram of a row.
func (g *grams[T]) count(o *TfIdfVectorizer, row []T, found func(id int)) {
	shortest := o.MinGram
	for skip := 1; skip <= o.MaxSkip+1; skip++ {
		if (shortest - 1) > (len(row)-1)/skip {
			return
		}
		for start := range row {
			node := 0
			for n, at := 1, start; n <= o.MaxGram && at < len(row); n, at = n+1, at+skip {
				next, ok := g.child[gramEdge[T]{node, row[at]}]
				if !ok {
					break
				}
				if node = next; n >= shortest && g.ends[node] >= 0 {
					found(g.ends[node])
				}
			}
		}
		if shortest == 1 { // single items do not change with the distance
			if shortest++; shortest > o.MaxGram {
				return
			}
		}
	}
}

// Eval implements [ir.Op].
func (o *TfIdfVectorizer) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if x.DType() == tensor.String {
		return evalGrams(o, c, o.PoolStrings, x.Strings())
	}
	return evalGrams(o, c, o.PoolInts, tensor.Int64s(x))
}

func evalGrams[T comparable](o *TfIdfVectorizer, c *ir.EvalContext, pool, items []T) error {
	w, err := o.width()
	if err != nil {
		return err
	}
	g, err := newGrams(o, pool)
	if err != nil {
		return err
	}
	width := int(w)
	x := c.Tensor(0)
	rows, cols, shape := 1, x.Len(), []int{width}
	if x.Rank() == 2 {
		rows, cols, shape = x.Dim(0), x.Dim(1), []int{x.Dim(0), width}
	}
	y := tensor.Data[float32](c.New(0, tensor.Float32, shape...))
	for r := range rows {
		out := y[r*width : (r+1)*width]
		g.count(o, items[r*cols:(r+1)*cols], func(id int) { out[o.Indexes[id]]++ })
		for k, n := range out {
			weight := float32(1)
			if len(o.Weights) > 0 {
				weight = o.Weights[k]
			}
			switch {
			case o.Mode == "IDF" && n > 0:
				out[k] = weight
			case o.Mode == "TFIDF":
				out[k] = weight * n
			}
		}
	}
	return nil
}

func init() { ir.Register[TfIdfVectorizer]() }
