package passes

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// WeightOptions choose what becomes of weights.
type WeightOptions struct {
	Format  WeightFormat
	Dynamic bool    // round what the weights are multiplied by too, to 8 bits when the program runs; needs 8 bits, symmetric, without blocks
	Tables  bool    // round tables from which rows are gathered too, to 8 bits with a scale a row
	Budget  float64 // weights whose relative error exceeds it are rounded to 8 bits instead, or stay as they are; 0: no limit
	Least   int     // elements from which on weights are rounded

	// Moments are those of what a matrix of that name is multiplied by, to round it in a way that keeps its products; nil where they are not known. It may be
	// nil itself.
	Moments func(name string) *Moments

	Release func(constant []byte) // told of the memory of weights that were rounded, which the graph does not read again; may be nil
}

// QuantizedSuffix ends the name of the integers that take the place of a matrix.
const QuantizedSuffix = "_quantized"

// Weight is a constant matrix by which something is multiplied, those of a recurrent operator, or a table.
type Weight struct {
	Name    string  `json:"name"` // the model's own
	Shape   []int   `json:"shape"`
	Format  string  `json:"format"`            // float32 where it stays as it is
	Error   float64 `json:"error"`             // root of the mean square of the errors over that of the weights
	Bytes   int     `json:"bytes"`             // that it takes now
	Because string  `json:"because,omitempty"` // why it stays as it is
}

// QuantizeWeights rounds constant right operands of float32 matrix products to integers, from which DequantizeLinear makes floats again, and the matrices of
// recurrent operators to integers of 8 bits, whatever the format. It changes what the graph computes, by about as much as the errors that it reports, and is none of the
// passes of the pipeline.
func QuantizeWeights(g *ir.Graph, o WeightOptions) ([]Weight, error) {
	if err := o.Format.check(); err != nil {
		return nil, err
	}
	if o.Dynamic && o.Format != (WeightFormat{Bits: 8}) {
		return nil, fmt.Errorf("operands are rounded when the program runs only together with weights in the format int8, not %v", o.Format)
	}
	if o.Tables {
		if err := transposeTables(g); err != nil {
			return nil, err
		}
	}
	var all []Weight
	var consts []*ir.Node
	g.Walk(func(n *ir.Node) {
		if c, ok := n.Op.(*ir.Const); ok {
			if t, ok := c.Value.(*tensor.Tensor); ok && t.DType() == tensor.Float32 && (t.Rank() == 2 || t.Rank() == 3) {
				consts = append(consts, n)
			}
		}
	})
	for _, n := range consts {
		rounded := o.weight
		if n.Out()[0].Const.Rank() == 3 {
			rounded = o.recurrentWeight
		}
		w, err := rounded(n)
		if err != nil {
			return nil, &ir.NodeError{Node: n, Err: err}
		}
		if w != nil {
			all = append(all, *w)
		}
	}
	return all, nil
}

// transposeTables makes tables whose columns are gathered constants of their own, of rows.
func transposeTables(g *ir.Graph) error {
	for n := range g.Nodes() {
		if isTableOfColumns(n) && n.Input(0).Const.DType() == tensor.Float32 {
			if err := replaceAndDrop(g, n, &ir.Const{Value: transposedTensor(n.Input(0).Const)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// few tells whether a matrix has too few elements to be rounded, and tooFew says so.
func (o WeightOptions) few(t *tensor.Tensor) bool { return t.Len() < max(1, o.Least) }

func (o WeightOptions) tooFew() string {
	return fmt.Sprintf("it has less than %d elements", max(1, o.Least))
}

// usesOf sorts the uses of a constant: products that have it on their right, gathers of its rows, and whether there are others, but for gathers of its
// columns.
func usesOf(v *ir.Value) (products, gathers []*ir.Node, others bool) {
	others = v.IsOutput()
	for _, u := range v.Uses() {
		switch o := u.Node.Op.(type) {
		case *op.MatMul:
			if u.Index == 1 && u.Node.Input(0) != v && isFloat32(u.Node.Input(0)) {
				products = append(products, u.Node)
				continue
			}
		case *op.Gather:
			if u.Index == 0 && o.Axis == 0 {
				gathers = append(gathers, u.Node)
				continue
			}
		case *op.Transpose:
			if isTableOfColumns(u.Node) { // which stays a table of floats
				continue
			}
		}
		others = true
	}
	return products, gathers, others
}

// weight rounds the constant that n is, if that is a weight.
func (o WeightOptions) weight(n *ir.Node) (*Weight, error) {
	v := n.Out()[0]
	products, gathers, others := usesOf(v)
	if len(products) == 0 && (len(gathers) == 0 || !o.Tables) {
		return nil, nil
	}
	t := v.Const
	w := &Weight{Name: v.Name, Shape: t.Shape(), Format: "float32", Bytes: len(t.Bytes())}
	sum := 1 // the axis along which products sum; rows of a table have a scale each
	if len(products) > 0 && !products[0].Op.(*op.MatMul).TransB {
		sum = 0
	}
	switch {
	case o.few(t):
		w.Because = o.tooFew()
	case others || len(gathers) > 0 && !o.Tables:
		w.Because = "something else reads it too"
	case slices.ContainsFunc(products, func(p *ir.Node) bool { return p.Op.(*op.MatMul).TransB != (sum == 1) }):
		w.Because = "products read it in both directions"
	case len(gathers) > 0 && sum == 0:
		w.Because = "rows are gathered from it across the direction of sums"
	}
	if w.Because != "" {
		return w, nil
	}
	formats := []WeightFormat{o.Format, {Bits: 8}}
	if len(gathers) > 0 {
		formats = formats[1:]
	}
	var moments *Moments
	if o.Moments != nil && len(gathers) == 0 {
		moments = o.Moments(v.Name)
	}
	r := o.round(w, t, sum, moments, formats...)
	if r == nil {
		return w, nil
	}
	if o.Release != nil {
		defer o.Release(t.Bytes())
	}
	return w, o.apply(n, r, products, gathers)
}

// round rounds a matrix to the first format in which its error is within the budget, and says in w what became of it. It returns nil where it stays as it is.
func (o WeightOptions) round(w *Weight, t *tensor.Tensor, sum int, moments *Moments, formats ...WeightFormat) *roundedWeights {
	for _, f := range formats {
		r, err := f.round(t, sum, moments)
		switch {
		case err != nil:
			w.Because = err.Error()
			return nil
		case o.Budget > 0 && r.err > o.Budget:
			w.Because = fmt.Sprintf("in %v its error would be %.2g", f, r.err)
		default:
			w.Format, w.Error, w.Bytes, w.Because = f.String(), r.err, r.bytes(), ""
			return r
		}
	}
	return nil
}

// apply replaces a constant by what was made of it.
func (o WeightOptions) apply(n *ir.Node, r *roundedWeights, products, gathers []*ir.Node) error {
	b := &builder{g: n.Graph(), at: n, name: n.Out()[0].Name}
	if r.block > 0 && r.axis == 1 && len(gathers) == 0 { // blocks below each other, as other runtimes look for them
		r.q, r.scale, r.axis = transposedTensor(r.q), transposedTensor(r.scale), 0
		if r.zero != nil {
			r.zero = transposedTensor(r.zero)
		}
		for _, p := range products {
			straight := *p.Op.(*op.MatMul)
			straight.TransB = false
			p.Op = &straight
		}
	}
	q, scale := b.constant(r.q, QuantizedSuffix), b.constant(r.scale, "_scale")
	var zero *ir.Value
	if r.zero != nil {
		zero = b.constant(r.zero, "_zero_point")
	}
	for _, gather := range gathers {
		b.gathered(gather, q, r)
	}
	switch {
	case len(products) == 0:
	case o.Dynamic && len(gathers) == 0:
		b.dynamic(products, r)
	default:
		w := b.add(&op.DequantizeLinear{Axis: r.axis, BlockSize: r.block, RoundLeft: r.roundLeft}, q, scale, zero)
		for _, p := range products {
			if b.err == nil {
				b.g.SetInput(p, 1, w)
			}
		}
	}
	if b.err == nil {
		removeIfUnused(b.g, n)
	}
	return b.err
}

// gathered gathers integers and their scales in place of floats; the scale of a row is that of a block of its length.
func (b *builder) gathered(n *ir.Node, q *ir.Value, r *roundedWeights) {
	rows, size := r.q.Dim(0), r.q.Dim(1)
	column := tensor.Must(tensor.Data[float32](r.scale), rows, 1)
	scale := b.constant(column, "_row_scale")
	if b.err != nil {
		return
	}
	at := b.at
	b.at = n
	ids := n.Input(1)
	x := b.add(&op.DequantizeLinear{Axis: -1, BlockSize: size}, b.add(&op.Gather{}, q, ids), b.add(&op.Gather{}, scale, ids))
	if b.err == nil {
		x.Name = n.Out()[0].Name
		b.g.ReplaceUses(n.Out()[0], x)
		b.g.Remove(n)
	}
	b.at = at
}

// dynamic makes products of integers: what comes from the left is rounded to 8 bits, once for all products that read it.
func (b *builder) dynamic(products []*ir.Node, r *roundedWeights) {
	q, scale := r.q, r.scale
	if r.axis == 0 { // the columns of a transposed matrix
		q = transposedTensor(q)
	}
	w, s := b.constant(q, "_columns"), b.constant(scale, "_scales")
	for _, p := range products {
		if b.err != nil {
			return
		}
		b.at = p
		x := p.Input(0)
		if o := p.Op.(*op.MatMul); o.TransA && len(x.Type.Dims) >= 2 {
			perm := make([]int, len(x.Type.Dims))
			for i := range perm {
				perm[i] = i
			}
			n := len(perm)
			perm[n-2], perm[n-1] = n-1, n-2
			x = b.add(&op.Transpose{Perm: perm}, x)
		}
		rounded := b.rounded(x)
		if rounded == nil {
			return
		}
		sums := b.add(&op.Cast{To: tensor.Float32, Saturate: true}, b.add(&op.MatMulInteger{}, rounded[0], w, rounded[2]))
		y := b.add(&op.Binary{Fn: op.Mul}, sums, b.add(&op.Binary{Fn: op.Mul}, rounded[1], s))
		if b.err == nil {
			y.Name = p.Out()[0].Name
			b.g.ReplaceUses(p.Out()[0], y)
			b.g.Remove(p)
		}
	}
}

// rounded is x in 8 bits, its scale and its zero point, made once.
func (b *builder) rounded(x *ir.Value) []*ir.Value {
	for _, u := range x.Uses() {
		if _, ok := u.Node.Op.(*op.DynamicQuantizeLinear); ok {
			return u.Node.Out()
		}
	}
	at := b.at
	defer func() { b.at = at }()
	if x.Def() != nil {
		b.at = x.Def().Next()
	} else {
		for b.at = range b.g.Nodes() {
			break
		}
	}
	if v := b.add(&op.DynamicQuantizeLinear{}, x); v != nil {
		v.Def().Name = at.Name
		return v.Def().Out()
	}
	return nil
}

// transposedTensor is the transpose of a matrix.
func transposedTensor(t *tensor.Tensor) *tensor.Tensor {
	rows, cols := t.Dim(0), t.Dim(1)
	y := tensor.New(t.DType(), cols, rows)
	for i := range rows {
		for j := range cols {
			y.CopyElement(j*rows+i, t, i*cols+j)
		}
	}
	return y
}
