package onnxgo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/owulveryck/onnx-go"
	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile"
	front "github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// program is the compiled form of a graph.
type program struct {
	edits   int // of the graph that it was made from
	inputs  []*value
	want    []ir.Type // of the inputs, as far as the model declares it
	results []*value
	leaves  []*value       // all values that are not computed by operations
	others  []*value       // all results that are not computed
	last    []tensor.Value // inputs of the last run, if others may be asked for

	model   *gocompile.Model // nil: to be compiled, from source
	session *gocompile.Session
	given   bool // the model is not made from a graph
	lent    bool // the model belongs to the caller

	source *proto.Model
	types  []ir.Type // of the inputs of the last run: element types and ranks
	shapes shapes
}

// Run computes the results from the constants and the inputs, and gives them to their nodes. The first run compiles the graph; so does
// one after a change of the graph, and one with inputs of another element type or rank. Sizes that change make for a program that takes any.
// Operators that are not supported are an [onnx.ErrNotImplemented].
func (g *Graph) Run() error { return g.RunContext(context.Background()) }

// RunContext is Run until the context is cancelled.
func (g *Graph) RunContext(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil { // by gorgonia.org/tensor
			err = fmt.Errorf("onnxgo: internal error: %v", r)
		}
	}()
	if g.err != nil {
		return g.err
	}
	if err := g.run(ctx); err != nil {
		return failure(err)
	}
	return nil
}

// failure is an error as programs for onnx-go know it.
func failure(err error) error {
	var missing *front.UnsupportedError
	if errors.As(err, &missing) && len(missing.Ops) > 0 {
		return &onnx.ErrNotImplemented{Operator: missing.Ops[0].Op, Message: err.Error()}
	}
	return fmt.Errorf("onnxgo: %w", err)
}

func (g *Graph) run(ctx context.Context) error {
	p, err := g.prepare()
	if err != nil {
		return err
	}
	in := make([]tensor.Value, len(p.inputs))
	for i, v := range p.inputs {
		t := v.contents()
		if t == nil {
			return fmt.Errorf("input %q has no value: it needs one by SetInput or SetTensor", v.name)
		}
		x, err := fromGorgonia(t)
		if err != nil {
			return fmt.Errorf("input %q: %w", v.name, err)
		}
		if in[i], err = fit(x, p.want[i]); err != nil {
			return fmt.Errorf("input %q: %w", v.name, err)
		}
	}
	if err := p.run(ctx, in, g.compile); err != nil {
		return err
	}
	for _, v := range p.leaves {
		v.set(v.contents())
	}
	p.last = p.last[:0]
	for _, x := range in {
		if len(p.others) > 0 { // the caller may change the memory of its inputs
			p.last = append(p.last, x.(*tensor.Tensor).Clone())
		}
	}
	for _, v := range p.others {
		for _, n := range v.nodes {
			n.skipped = true
		}
	}
	return nil
}

// run computes the results and gives them to their nodes.
func (p *program) run(ctx context.Context, in []tensor.Value, options []gocompile.Option) error {
	if !p.given {
		if err := p.specialise(in, options); err != nil {
			return err
		}
	}
	out, err := p.session.RunOrdered(ctx, in)
	if err != nil {
		return err
	}
	tensors := make([]gorgonia.Tensor, len(p.results))
	for i, v := range p.results {
		if tensors[i], err = toGorgonia(out[i]); err != nil {
			return fmt.Errorf("result %q: %w", v.name, err)
		}
	}
	for i, v := range p.results {
		v.set(tensors[i])
	}
	return nil
}

// supply computes a result that the last run did not compute, from the same inputs. The node has nothing if the graph has changed since,
// or if that fails; the next run then says why.
func (g *Graph) supply(n *node) {
	n.contents = nil
	old := g.program
	if old == nil || old.edits != g.edits {
		return
	}
	defer func() {
		if r := recover(); r != nil { // by gorgonia.org/tensor
			n.contents = nil
		}
	}()
	if g.asked == nil {
		g.asked = map[*node]bool{}
	}
	g.asked[n] = true
	g.edits++
	if p, err := g.prepare(); err == nil {
		p.last = old.last
		_ = p.run(context.Background(), p.last, g.compile)
	}
}

// prepare makes a program for the graph as it is now, if there is none.
func (g *Graph) prepare() (*program, error) {
	if g.program != nil && (g.program.given || g.program.edits == g.edits) {
		return g.program, nil
	}
	if err := g.Close(); err != nil {
		return nil, err
	}
	a, err := g.assemble()
	if err != nil {
		return nil, err
	}
	p := &program{edits: g.edits, inputs: a.inputs, results: a.wanted, source: a.model}
	for _, v := range a.inputs {
		p.want = append(p.want, ir.UnrankedType(v.declared()))
	}
	for _, v := range a.values {
		switch {
		case v.maker == nil:
			p.leaves = append(p.leaves, v)
		case !v.want:
			p.others = append(p.others, v)
		}
	}
	g.program = p
	return p, nil
}

// specialise compiles for inputs like these.
func (p *program) specialise(in []tensor.Value, options []gocompile.Option) error {
	var sizes []int
	types := make([]ir.Type, len(in))
	same := len(types) == len(p.types)
	for i, v := range in {
		x := v.(*tensor.Tensor)
		types[i] = ir.StaticType(x.DType(), x.Shape()...)
		sizes = append(sizes, x.Shape()...)
		same = same && types[i].Elem == p.types[i].Elem && len(types[i].Dims) == len(p.types[i].Dims)
	}
	p.types = types
	switch {
	case !same:
		p.shapes = fixed(sizes)
	case !p.shapes.admit(sizes) && p.model != nil:
		return nil
	}
	err := p.compile(options)
	if err != nil && p.shapes.varies() { // some models are sound for single sizes only
		p.shapes = fixed(sizes)
		err = p.compile(options)
	}
	return err
}

// compile makes the model from its source, with inputs of the types and shapes that are expected.
func (p *program) compile(options []gocompile.Option) error {
	if err := p.close(); err != nil {
		return err
	}
	p.source.Graph.Inputs = nil
	axis := 0
	for i, v := range p.inputs {
		t := &proto.Type{Kind: proto.TypeTensor, Elem: int32(p.types[i].Elem), HasShape: true}
		for range p.types[i].Dims {
			t.Dims = append(t.Dims, p.shapes.dim(axis))
			axis++
		}
		p.source.Graph.Inputs = append(p.source.Graph.Inputs, &proto.ValueInfo{Name: v.name, Type: t})
	}
	model, err := gocompile.Compile(p.source.Encode(), options...)
	if err != nil {
		return err
	}
	p.model, p.session = model, model.NewSession()
	return nil
}

// close gives back what the program owns.
func (p *program) close() error {
	if p.model == nil || p.lent {
		return nil
	}
	err := p.model.Close()
	p.model, p.session = nil, nil
	return err
}

// Close gives back what the compiled program holds. A later Run compiles again, but for a graph that was filled by [Graph.Decode], which
// cannot run any more. A model that was given to [Graph.Attach] stays open.
func (g *Graph) Close() error {
	p := g.program
	if p == nil || p.lent {
		return nil
	}
	if p.given {
		g.fail("the graph is closed")
	}
	g.program = nil
	return p.close()
}

// fit converts an input to its declared type. Floats of 16 bits and less and the other types that gorgonia does not have are rounded to it;
// between other types, elements must keep their values.
func fit(x *tensor.Tensor, want ir.Type) (*tensor.Tensor, error) {
	if !want.IsTensor() {
		return nil, fmt.Errorf("the model takes %v, which is no tensor", want)
	}
	if given := x.DType(); want.Elem != tensor.Invalid && given != want.Elem {
		y, err := tensor.Convert(x, want.Elem)
		if err != nil {
			return nil, err
		}
		if given != carrier(want.Elem) {
			if back, err := tensor.Convert(y, given); err != nil || !tensor.Equal(back, x) {
				return nil, fmt.Errorf("the model takes elements %v, and those of %v are not all among them", want.Elem, x)
			}
		}
		x = y
	}
	if want.Ranked && len(want.Dims) == 0 && slices.Equal(x.Shape(), []int{1}) {
		return x.Reshape()
	}
	return x, nil
}
