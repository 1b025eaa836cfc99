package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// roundedMatrix is what became of a matrix, and how far its products are off in the rounded model.
type roundedMatrix struct {
	passes.Weight
	Product float64 `json:"product_error,omitempty"` // the largest of its products'; 0 if there is none that can be compared
}

// matrices compares the products of two models that differ in their weights alone.
func matrices(ctx context.Context, before, after *gocompile.Model, set map[string]tensor.Value) ([]roundedMatrix, error) {
	isProduct := func(n *ir.Node) bool {
		_, ok := n.Op.(*op.MatMul)
		return ok && weightName(n.Input(1)) != ""
	}
	_, want, err := before.Trace(ctx, inOrder(before, set), isProduct)
	if err != nil {
		return nil, err
	}
	nodes, got, err := after.Trace(ctx, inOrder(after, set), isProduct)
	if err != nil {
		return nil, err
	}
	errors := map[string]float64{}
	if len(got) == len(want) { // the same products in the same order
		for i, n := range nodes {
			name := weightName(n.Input(1))
			errors[name] = max(errors[name], deviationOf(got[i], want[i]).Error)
		}
	}
	var list []roundedMatrix
	for _, w := range after.RoundedWeights() {
		list = append(list, roundedMatrix{w, errors[w.Name]})
	}
	return list, nil
}

// weightName is the name of a constant matrix, or of the one that was rounded to integers; empty for other values and for matrices without a name.
func weightName(v *ir.Value) string {
	if v.Const != nil {
		return v.Name
	}
	if n := v.Def(); n != nil && ir.OpName(n.Op) == "DequantizeLinear" && n.Input(0).Const != nil {
		return strings.TrimSuffix(n.Input(0).Name, passes.QuantizedSuffix)
	}
	return ""
}

// inOrder is a set of inputs in the order of the model.
func inOrder(m *gocompile.Model, set map[string]tensor.Value) []tensor.Value {
	var in []tensor.Value
	for _, p := range m.Inputs() {
		in = append(in, set[p.Name])
	}
	return in
}

// dimsOf is the values of the open dimensions of a model.
func dimsOf(m *gocompile.Model, set map[string]tensor.Value) (map[string]int, error) {
	b := m.Graph().Scope.NewBinding()
	for _, p := range m.Inputs() {
		if err := ir.BindValue(p.Type, set[p.Name], b); err != nil {
			return nil, fmt.Errorf("input %q: %w", p.Name, err)
		}
	}
	dims := map[string]int{}
	for _, d := range m.Dims() {
		y, ok := m.Graph().Scope.Lookup(d.Name)
		if ok {
			dims[d.Name] = int(b[y.ID()])
		}
	}
	return dims, nil
}

// deviation says how far an output lies from what the model gives with its own weights.
type deviation struct {
	Output  string  `json:"output"`
	Error   float64 `json:"error"`   // root of the mean square of the differences over that of the right numbers
	OfPeak  float64 `json:"of_peak"` // largest difference over the largest right number
	Cosine  float64 `json:"cosine"`
	Choices int     `json:"choices,omitempty"` // rows of more than one element
	Same    int     `json:"same,omitempty"`    // of those, how many have their largest element in the same place

	wrong, right, got, dot, most, peak float64
}

// deviations compares the floating-point outputs of two models over all sets of inputs.
func deviations(ctx context.Context, before, after *gocompile.Model, sets []map[string]tensor.Value) ([]deviation, error) {
	a, b := before.NewSession(), after.NewSession()
	all := make([]deviation, len(before.Outputs()))
	for i, p := range before.Outputs() {
		all[i].Output = p.Name
	}
	for _, set := range sets {
		want, err := a.Run(ctx, set)
		if err != nil {
			return nil, err
		}
		got, err := b.Run(ctx, set)
		if err != nil {
			return nil, err
		}
		for i := range all {
			all[i].add(got[all[i].Output], want[all[i].Output])
		}
	}
	var list []deviation
	for i := range all {
		if all[i].right > 0 {
			all[i].finish()
			list = append(list, all[i])
		}
	}
	return list, nil
}

// deviationOf compares one value.
func deviationOf(got, want tensor.Value) deviation {
	var d deviation
	d.add(got, want)
	d.finish()
	return d
}

// add takes one more pair of values; those that are no floating-point numbers of the same shape do not count.
func (d *deviation) add(got, want tensor.Value) {
	g, ok := got.(*tensor.Tensor)
	w, also := want.(*tensor.Tensor)
	if !ok || !also || !w.DType().IsFloat() || g.Len() != w.Len() || g.DType() != w.DType() {
		return
	}
	row := 1
	if w.Rank() > 0 {
		row = w.Dim(w.Rank() - 1)
	}
	best, bestOf := 0, 0
	for i := range w.Len() {
		x, y := g.Float64(i), w.Float64(i)
		d.wrong, d.right, d.got, d.dot = d.wrong+(x-y)*(x-y), d.right+y*y, d.got+x*x, d.dot+x*y
		d.most, d.peak = max(d.most, math.Abs(x-y)), max(d.peak, math.Abs(y))
		if i%row == 0 {
			best, bestOf = i, i
		}
		if x > g.Float64(best) {
			best = i
		}
		if y > w.Float64(bestOf) {
			bestOf = i
		}
		if i%row == row-1 && row > 1 {
			d.Choices++
			if best == bestOf {
				d.Same++
			}
		}
	}
}

func (d *deviation) finish() {
	if d.right > 0 {
		d.Error, d.OfPeak = math.Sqrt(d.wrong/d.right), d.most/d.peak
	}
	if d.got > 0 && d.right > 0 {
		d.Cosine = d.dot / math.Sqrt(d.got*d.right)
	}
}
