// Package export writes graphs as ONNX models: an operator becomes the standard operator that means the same, or several of them where there
// is none or the version asked for does not have it. What no operators can say is refused, all of it at once.
//
// A file holds the spellings of a family of operators: functions that write one node, registered by the name of the operator. Versions of
// operators are the business of versions.go.
package export

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Options choose the spelling. The zero value is standard ONNX.
type Options struct {
	Contrib bool // use operators of com.microsoft where one says more than the standard ones
	Opset   int  // version of ai.onnx, MinOpset to MaxOpset; 0 is the oldest one from DefaultOpset on that has all operators of the model
}

// UnsupportedError lists the operators of a graph that ONNX has no spelling for, with the reason and one of their nodes.
type UnsupportedError struct{ Operators []string }

// Error lists the operators.
func (e *UnsupportedError) Error() string {
	return "cannot be written as ONNX: " + strings.Join(e.Operators, "; ")
}

// Model is the ONNX spelling of g. Its tensors share the memory of the constants in g.
func Model(g *ir.Graph, o Options) (*proto.Model, error) {
	if o.Opset != 0 && (o.Opset < MinOpset || o.Opset > MaxOpset) {
		return nil, fmt.Errorf("opset %d cannot be written, %d to %d can", o.Opset, MinOpset, MaxOpset)
	}
	m := &model{options: o, names: map[string]bool{}, nodeNames: map[string]bool{}, domains: map[string]bool{}, elems: map[string]tensor.DType{}, problems: map[string]string{}, nBits: map[*ir.Value]*nBits{}}
	s := m.scope(nil, g)
	for _, v := range g.Inputs() {
		m.names[v.Name] = true
	}
	for _, out := range g.Outputs() {
		m.names[out.Name] = true
	}
	for _, v := range g.Inputs() {
		s.bind(v, v.Name)
		if m.late != nil {
			m.problem("input", v.Name, m.late)
			m.late = nil
		}
		s.graph.Inputs = append(s.graph.Inputs, &proto.ValueInfo{Name: v.Name, Type: typeOf(v.Type), DocString: g.Docs[v.Name]})
	}
	s.nodes(g)
	for _, out := range g.Outputs() {
		s.output(out.Name, out.Value, declared(out))
		s.graph.Outputs[len(s.graph.Outputs)-1].DocString = g.Docs[out.Name]
	}
	s.graph.DocString = g.Docs[""]
	if len(m.problems) > 0 {
		e := &UnsupportedError{}
		for kind, where := range m.problems {
			e.Operators = append(e.Operators, kind+" ("+where+")")
		}
		sort.Strings(e.Operators)
		return nil, e
	}
	opset := m.version()
	p := &proto.Model{IRVersion: formats[opset-MinOpset], ProducerName: "gocompile", Graph: s.graph, DocString: g.Doc,
		OpsetImports: []proto.OperatorSet{{Version: int64(opset)}}}
	for _, d := range []proto.OperatorSet{{Domain: learning, Version: mlOpset}, {Domain: microsoft, Version: 1}} {
		if m.domains[d.Domain] {
			p.OpsetImports = append(p.OpsetImports, d)
		}
	}
	keys := make([]string, 0, len(g.Metadata))
	for k := range g.Metadata {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		p.Metadata = append(p.Metadata, proto.StringPair{Key: k, Value: g.Metadata[k]})
	}
	return p, nil
}

// declared is the type of a result, with what the model says where that is not known.
func declared(out ir.Output) ir.Type {
	t := out.Value.Type
	if t.Kind == ir.KindOptional && out.Declared.Kind != ir.KindOptional && out.Declared.Kind == t.Item.Kind {
		t = *t.Item // which may stand for it
	}
	t, _ = ir.MergeType(t, out.Declared)
	return t
}

// model is what all graphs of a model share. Names are unique in a model, because ONNX forbids bodies to redefine outer ones.
type model struct {
	options   Options
	names     map[string]bool
	nodeNames map[string]bool
	counter   int
	domains   map[string]bool         // those that are used
	opset     int                     // the oldest version that has all that was used so far
	elems     map[string]tensor.DType // of tensors, by their names
	late      error                   // what the node that is being written cannot use
	problems  map[string]string       // node by reason
	nBits     map[*ir.Value]*nBits    // weights that products take in another form
}

// name makes a name that is not taken, like hint if that is one.
func (m *model) name(hint string) string {
	s := hint
	for s == "" || m.names[s] {
		m.counter++
		s = fmt.Sprintf("%s_%d", hint, m.counter)
	}
	m.names[s] = true
	return s
}

// nodeName is as name for nodes.
func (m *model) nodeName(hint string) string {
	s := hint
	for m.nodeNames[s] {
		m.counter++
		s = fmt.Sprintf("%s_%d", hint, m.counter)
	}
	m.nodeNames[s] = true
	return s
}

// scope is a graph that is being written.
type scope struct {
	*model
	outer  *scope
	graph  *proto.Graph
	values map[*ir.Value]string
	sizes  map[*sym.Symbol]place // where a dimension can be read
	small  map[string]string     // constants made for nodes, by what they hold
	made   map[string]string     // results of nodes that were made for others, by what they compute
	madeAs map[string]string     // the inverse of made
	dims   map[string]string     // dimensions that were computed, by their text
}

// place is an axis of a value whose length is (length − shift) / factor.
type place struct {
	value         string
	axis          int
	factor, shift int64
}

func (m *model) scope(outer *scope, g *ir.Graph) *scope {
	name := g.Name
	if name == "" {
		name = "graph"
	}
	return &scope{model: m, outer: outer, graph: &proto.Graph{Name: name}, values: map[*ir.Value]string{}, sizes: map[*sym.Symbol]place{},
		small: map[string]string{}, made: map[string]string{}, madeAs: map[string]string{}, dims: map[string]string{}}
}

// bind says how a value is called, and notes the dimensions that can be read off it.
func (s *scope) bind(v *ir.Value, name string) {
	s.values[v] = name
	s.needType(v.Type)
	if v.Type.IsTensor() {
		s.elems[name] = v.Type.Elem
	}
	if !v.Type.IsTensor() || !v.Type.Ranked {
		return
	}
	for axis, d := range v.Type.Dims {
		y := d.Symbols()
		if len(y) != 1 {
			continue
		}
		shift, ok1 := d.Subst(map[*sym.Symbol]sym.Expr{y[0]: sym.Const(0)}).IsConst()
		one, ok2 := d.Subst(map[*sym.Symbol]sym.Expr{y[0]: sym.Const(1)}).IsConst()
		if !ok1 || !ok2 || one == shift || !d.Equal(y[0].Expr().Mul(sym.Const(one-shift)).Add(sym.Const(shift))) {
			continue
		}
		p := place{name, axis, one - shift, shift}
		if old, known := s.sizes[y[0]]; !known || p.direct() && !old.direct() {
			s.sizes[y[0]] = p
		}
	}
}

func (p place) direct() bool { return p.factor == 1 && p.shift == 0 }

// nodes writes the nodes of a graph.
func (s *scope) nodes(g *ir.Graph) {
	for n := range g.Nodes() {
		c := &call{scope: s, node: n, first: len(s.graph.Nodes)}
		err := c.write()
		if err == nil {
			err = s.late
		}
		s.late = nil
		if err != nil {
			s.problem(ir.OpName(n.Op), n.Name, err)
			for _, v := range n.Out() { // go on, to list everything
				s.bind(v, s.name("missing"))
			}
		}
	}
}

func (m *model) problem(kind, node string, err error) {
	if err != errUnknown {
		kind += ": " + err.Error()
	}
	if _, seen := m.problems[kind]; !seen {
		m.problems[kind] = fmt.Sprintf("%q", node)
	}
}

var errUnknown = errors.New("no ONNX operator")

// output makes v a result of the graph under a name.
func (s *scope) output(name string, v *ir.Value, t ir.Type) {
	s.graph.Nodes = append(s.graph.Nodes, &proto.Node{OpType: "Identity", Inputs: []string{s.values[v]}, Outputs: []string{name}})
	s.rename(name)
	s.graph.Outputs = append(s.graph.Outputs, &proto.ValueInfo{Name: name, Type: typeOf(t)})
}

// rename drops the Identity at the end if the node before that makes its input can make it under the other name.
func (s *scope) rename(name string) {
	last := s.graph.Nodes[len(s.graph.Nodes)-1]
	old := last.Inputs[0]
	var def *string
	for _, n := range s.graph.Nodes[:len(s.graph.Nodes)-1] {
		for i := range n.Outputs {
			if n.Outputs[i] == old {
				def = &n.Outputs[i]
			}
		}
		for _, a := range n.Attributes {
			if a.G != nil {
				return // a body may use it
			}
		}
	}
	for _, o := range s.graph.Outputs {
		if o.Name == old {
			return
		}
	}
	if def == nil {
		return
	}
	*def = name
	s.graph.Nodes = s.graph.Nodes[:len(s.graph.Nodes)-1]
	for _, n := range s.graph.Nodes {
		for i := range n.Inputs {
			if n.Inputs[i] == old {
				n.Inputs[i] = name
			}
		}
	}
	for _, info := range s.graph.ValueInfo {
		if info.Name == old {
			info.Name = name
		}
	}
	for v, n := range s.values {
		if n == old {
			s.values[v] = name
		}
	}
}

// constant makes an initialiser.
func (s *scope) constant(t *tensor.Tensor, hint string) string {
	name := s.name(hint)
	s.graph.Initializers = append(s.graph.Initializers, tensorOf(t, name))
	return name
}

// shared is a constant that is made once in a graph.
func (s *scope) shared(t *tensor.Tensor) string {
	key := fmt.Sprint(t.DType(), t.Shape(), t.Bytes())
	name, ok := s.small[key]
	if !ok {
		name = s.constant(t, "const")
		s.small[key] = name
	}
	return name
}

// integers is an i64 vector.
func (s *scope) integers(n ...int64) string {
	return s.shared(tensor.Must(append([]int64{}, n...), len(n)))
}

// scalar is a scalar of an element type.
func (s *scope) scalar(x float64, d tensor.DType) string {
	t := tensor.New(d)
	t.SetFloat64(0, x)
	return s.shared(t)
}

// emit writes a node with one result and returns its name; what was computed already is taken from there.
func (s *scope) emit(op string, attrs []*proto.Attribute, in ...string) string {
	key := fmt.Sprintf("%s %q", op, in)
	for _, a := range attrs {
		key += fmt.Sprint(" ", a.Name, a.I, a.F, a.Ints, a.Floats, string(a.S))
		if a.T != nil || a.G != nil || len(a.Strings) > 0 {
			key = ""
			break
		}
	}
	if name, ok := s.made[key]; ok {
		return name
	}
	out := s.name(strings.ToLower(op))
	s.node(op, attrs, in, []string{out}, "")
	if key != "" {
		s.made[key], s.madeAs[out] = out, key
	}
	return out
}

func (s *scope) node(op string, attrs []*proto.Attribute, in, out []string, name string) {
	for len(in) > 0 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	if name != "" {
		name = s.nodeName(name)
	}
	n := &proto.Node{OpType: op, Inputs: in, Outputs: out, Attributes: attrs, Name: name}
	if domain, name, ok := strings.Cut(op, "::"); ok {
		n.Domain, n.OpType = domain, name
		s.domains[domain] = true
	} else {
		if v, ok := since[op]; ok {
			s.need(v, op)
		}
		for _, list := range [][]string{in, out} {
			for _, name := range list {
				s.needElem(op, s.elems[name])
			}
		}
	}
	s.graph.Nodes = append(s.graph.Nodes, n)
}
