package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// widened is a graph that computes with float64 where another computes with float32.
type widened struct {
	graph *ir.Graph
	left  []string // operators that are for float32 only, and still compute with it
}

// widen rewrites float32 inputs, constants and attributes to float64, which holds them exactly, and infers all types anew. An operator that does
// not take float64 stays as it is between conversions.
func widen(g *ir.Graph) (*widened, error) {
	w := &widened{graph: ir.NewGraph(g.Name, g.Scope)}
	values := map[*ir.Value]*ir.Value{}
	for _, v := range g.Inputs() {
		values[v] = w.graph.AddInput(v.Name, wide(v.Type))
	}
	for n := range g.Nodes() {
		in := make([]*ir.Value, len(n.In()))
		for i, v := range n.In() {
			if v != nil {
				in[i] = values[v]
			}
		}
		out, err := w.node(n, in)
		if err != nil {
			return nil, &ir.NodeError{Node: n, Err: err}
		}
		for i, v := range n.Out() {
			values[v] = out[i]
			out[i].Name = v.Name
		}
	}
	var outs []ir.Output
	for _, o := range g.Outputs() {
		outs = append(outs, ir.Output{Name: o.Name, Value: values[o.Value]})
	}
	w.graph.SetOutputs(outs...)
	return w, nil
}

func wide(t ir.Type) ir.Type {
	if t.IsTensor() && t.Elem == tensor.Float32 {
		t.Elem = tensor.Float64
	}
	return t
}

// node adds a node and returns its results.
func (w *widened) node(n *ir.Node, in []*ir.Value) ([]*ir.Value, error) {
	o, err := w.operator(n.Op)
	if err != nil {
		return nil, err
	}
	added, err := w.graph.Add(o, in...)
	if err != nil {
		if name := ir.OpName(n.Op); !slices.Contains(w.left, name) {
			w.left = append(w.left, name)
		}
		narrow := slices.Clone(in)
		for i, v := range narrow {
			if v != nil && v.Type.IsTensor() && v.Type.Elem == tensor.Float64 && n.Input(i).Type.Elem == tensor.Float32 {
				if narrow[i], err = w.cast(v, tensor.Float32); err != nil {
					return nil, err
				}
			}
		}
		if added, err = w.graph.Add(n.Op, narrow...); err != nil {
			return nil, err
		}
	}
	added.Name = n.Name
	out := slices.Clone(added.Out())
	for i, v := range out {
		if v.Type.IsTensor() && v.Type.Elem == tensor.Float32 {
			if out[i], err = w.cast(v, tensor.Float64); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (w *widened) cast(v *ir.Value, to tensor.DType) (*ir.Value, error) {
	n, err := w.graph.Add(&op.Cast{To: to}, v)
	if err != nil {
		return nil, err
	}
	return n.Out()[0], nil
}

// operator is a copy of an operator whose attributes say float64 for float32.
func (w *widened) operator(o ir.Op) (ir.Op, error) {
	if owner, ok := o.(ir.BodyOwner); ok {
		bodies := slices.Clone(owner.Bodies())
		for i, b := range bodies {
			inner, err := widen(b)
			if err != nil {
				return nil, err
			}
			bodies[i] = inner.graph
			w.left = append(w.left, inner.left...)
		}
		return owner.WithBodies(bodies), nil
	}
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("operator of type %T", o)
	}
	c := reflect.New(v.Elem().Type())
	c.Elem().Set(v.Elem())
	for i := range c.Elem().NumField() {
		f := c.Elem().Field(i)
		if !f.CanSet() {
			continue
		}
		switch x := f.Interface().(type) {
		case tensor.DType:
			if x == tensor.Float32 {
				f.Set(reflect.ValueOf(tensor.Float64))
			}
		case *tensor.Tensor:
			if x != nil && x.DType() == tensor.Float32 {
				y, err := tensor.Convert(x, tensor.Float64)
				if err != nil {
					return nil, err
				}
				f.Set(reflect.ValueOf(y))
			}
		case tensor.Value:
			if t, ok := x.(*tensor.Tensor); ok && t.DType() == tensor.Float32 {
				y, err := tensor.Convert(t, tensor.Float64)
				if err != nil {
					return nil, err
				}
				f.Set(reflect.ValueOf(y))
			}
		}
	}
	return c.Interface().(ir.Op), nil
}
