package onnx

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MaxIRVersion is the newest file format that is read.
const MaxIRVersion = 14

// MissingOp is an operator that a model uses and that cannot be imported.
type MissingOp struct {
	Domain  string
	Op      string
	Version int64 // of the domain
	Nodes   []string
}

// UnsupportedError lists all operators of a model that cannot be imported.
type UnsupportedError struct{ Ops []MissingOp }

// Error names each operator with the number and the first of its nodes.
func (e *UnsupportedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d unsupported operators:", len(e.Ops))
	for _, o := range e.Ops {
		name := o.Op
		if o.Domain != "" {
			name = o.Domain + "::" + name
		}
		fmt.Fprintf(&b, "\n  %s (opset %d) at %d nodes: ", name, o.Version, len(o.Nodes))
		for i, n := range o.Nodes {
			if i == 3 {
				b.WriteString(", …")
				break
			}
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q", n)
		}
	}
	return b.String()
}

// Import builds the graph of a model. All operators that it does not know are reported together, as an *UnsupportedError, before
// any other work.
func Import(m *proto.Model) (g *ir.Graph, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error while importing the model: %v", r)
		}
	}()
	if m.Graph == nil {
		return nil, fmt.Errorf("the model has no graph")
	}
	if m.IRVersion > MaxIRVersion {
		return nil, fmt.Errorf("the model has IR version %d; versions up to %d are supported", m.IRVersion, MaxIRVersion)
	}
	mod := &model{source: m, functions: map[functionKey]*proto.Function{}, opsets: opsetMap(m.OpsetImports)}
	if len(m.OpsetImports) == 0 {
		mod.opsets[""] = 1
	}
	for _, f := range m.Functions {
		mod.functions[functionKey{normalDomain(f.Domain), f.Name, f.Overload}] = f
	}
	if err := mod.checkOperators(m.Graph); err != nil {
		return nil, err
	}
	g = ir.NewGraph(m.Graph.Name, sym.NewScope())
	g.Doc = m.DocString
	g.Metadata = map[string]string{}
	for _, p := range m.Metadata {
		g.Metadata[p.Key] = p.Value
	}
	g.Docs = docs(m.Graph)
	s := &scope{model: mod, graph: g, opsets: mod.opsets, values: map[string]*ir.Value{}, pending: map[string]*proto.Tensor{}, sparse: map[string]*proto.SparseTensor{}}
	s.addInitializers(m.Graph)
	for _, v := range m.Graph.Inputs {
		if s.pending[v.Name] != nil || s.sparse[v.Name] != nil {
			continue // a weight that files before IR version 4 list among the inputs
		}
		t, err := inputType(v, g.Scope)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", v.Name, err)
		}
		if _, err := s.define(v.Name, g.AddInput(v.Name, t)); err != nil {
			return nil, fmt.Errorf("input %q: %w", v.Name, err)
		}
	}
	if err := s.addNodes(m.Graph.Nodes); err != nil {
		return nil, err
	}
	outs, err := s.outputs(m.Graph)
	if err != nil {
		return nil, err
	}
	declared := sym.NewScope()
	for i, o := range m.Graph.Outputs {
		if t, err := inputType(o, declared); err == nil {
			outs[i].Declared = t
		}
	}
	g.SetOutputs(outs...)
	return g, nil
}

// docs is what a graph says of itself, its inputs and its outputs.
func docs(g *proto.Graph) map[string]string {
	d := map[string]string{}
	for _, v := range slices.Concat(g.Inputs, g.Outputs) {
		if v.DocString != "" {
			d[v.Name] = v.DocString
		}
	}
	if g.DocString != "" {
		d[""] = g.DocString
	}
	return d
}

func (s *scope) outputs(g *proto.Graph) ([]ir.Output, error) {
	outs := make([]ir.Output, len(g.Outputs))
	for i, o := range g.Outputs {
		v, err := s.find(o.Name)
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", o.Name, err)
		}
		if v == nil {
			return nil, fmt.Errorf("output %q of graph %q is defined by no node", o.Name, g.Name)
		}
		outs[i] = ir.Output{Name: o.Name, Value: v}
	}
	return outs, nil
}

// inputType translates the declared type of an input. Dimensions without value or name get a name from the input.
func inputType(v *proto.ValueInfo, sc *sym.Scope) (ir.Type, error) {
	if v.Type == nil {
		return ir.UnrankedType(tensor.Invalid), nil
	}
	return typeFrom(v.Type, sc, v.Name)
}

func typeFrom(p *proto.Type, sc *sym.Scope, name string) (ir.Type, error) {
	item := func() (ir.Type, error) {
		if p.Item == nil {
			return ir.UnrankedType(tensor.Invalid), nil
		}
		return typeFrom(p.Item, sc, name)
	}
	switch p.Kind {
	case proto.TypeTensor, proto.TypeSparseTensor:
		d := tensor.DType(p.Elem)
		if p.Elem < 0 || p.Elem > 255 || (p.Elem != 0 && !d.Valid()) {
			return ir.Type{}, fmt.Errorf("element type %d is unknown", p.Elem)
		}
		if !p.HasShape {
			return ir.UnrankedType(d), nil
		}
		dims := make([]sym.Expr, len(p.Dims))
		for i, dim := range p.Dims {
			dims[i] = dimFrom(dim, sc, fmt.Sprintf("%s_%d", name, i))
		}
		return ir.TensorType(d, dims...), nil
	case proto.TypeSequence, proto.TypeOptional, proto.TypeMap:
		t, err := item()
		if err != nil {
			return ir.Type{}, err
		}
		switch p.Kind {
		case proto.TypeSequence:
			return ir.SequenceType(unlike(t, sc)), nil
		case proto.TypeOptional:
			return ir.OptionalType(t), nil
		}
		return ir.MapType(tensor.DType(p.Elem), t), nil
	}
	return ir.Type{}, fmt.Errorf("its type is not supported")
}

// unlike is the type of the items of a sequence, whose dimensions may differ from item to item unless they are constants.
func unlike(t ir.Type, sc *sym.Scope) ir.Type {
	if t.Kind != ir.KindTensor || !t.Ranked {
		return t
	}
	dims := slices.Clone(t.Dims)
	for i, d := range dims {
		if _, ok := d.IsConst(); !ok {
			dims[i] = sc.Fresh("item").Expr()
		}
	}
	return t.WithDims(dims...)
}

// dimFrom translates a dimension, whose symbol is called name if it has no name of its own. Names that are expressions ("s1 + s2", as exporters write them) are
// read as such.
func dimFrom(d proto.Dim, sc *sym.Scope, name string) sym.Expr {
	switch {
	case d.HasValue && d.Value >= 0:
		return sym.Const(d.Value)
	case saysNothing(d.Param):
		return sc.Named(name).Expr()
	}
	if e, err := sym.Parse(d.Param, sc); err == nil {
		return e
	}
	return sc.Named(d.Param).Expr()
}

// saysNothing tells the names, such as "?", "-1" and "None", that exporters give to every dimension that they do not know: two of the same name need not be one.
func saysNothing(name string) bool {
	return name == "None" || !strings.ContainsFunc(name, func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }) || strings.HasPrefix(name, "-")
}

// checkOperators finds every operator that cannot be imported, in bodies and called functions too.
func (m *model) checkOperators(g *proto.Graph) error {
	missing := map[missingKey]*MissingOp{}
	visited := map[*proto.Function]bool{}
	var check func(nodes []*proto.Node, opsets map[string]int64, depth int) error
	check = func(nodes []*proto.Node, opsets map[string]int64, depth int) error {
		if depth > maxDepth {
			return fmt.Errorf("graphs are nested more than %d deep", maxDepth)
		}
		for i, n := range nodes {
			if f := m.function(n); f != nil {
				if !visited[f] {
					visited[f] = true
					inner := opsetMap(f.OpsetImports)
					for d, v := range m.opsets {
						if _, ok := inner[d]; !ok {
							inner[d] = v
						}
					}
					if err := check(f.Nodes, inner, depth+1); err != nil {
						return err
					}
				}
				continue
			}
			domain := normalDomain(n.Domain)
			version, imported := opsets[domain]
			if !imported {
				if domain == "" {
					return nodeError(n, i, 0, fmt.Errorf("the model imports no version of the operator set of ai.onnx"))
				}
				version = 1
				opsets[domain] = 1
			}
			if _, ok := lookup(domain, n.OpType, version); !ok {
				k := missingKey{domain, n.OpType, version}
				if missing[k] == nil {
					missing[k] = &MissingOp{Domain: domain, Op: n.OpType, Version: version}
				}
				name := n.Name
				if name == "" && len(n.Outputs) > 0 {
					name = n.Outputs[0]
				}
				missing[k].Nodes = append(missing[k].Nodes, name)
			}
			for _, a := range n.Attributes {
				graphs := a.Graphs
				if a.G != nil {
					graphs = append(graphs[:len(graphs):len(graphs)], a.G)
				}
				for _, g := range graphs {
					if err := check(g.Nodes, opsets, depth+1); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	if err := check(g.Nodes, m.opsets, 0); err != nil {
		return err
	}
	if len(missing) == 0 {
		return nil
	}
	e := &UnsupportedError{}
	for _, o := range missing {
		e.Ops = append(e.Ops, *o)
	}
	sort.Slice(e.Ops, func(i, j int) bool {
		a, b := e.Ops[i], e.Ops[j]
		return a.Domain+"\x00"+a.Op < b.Domain+"\x00"+b.Op
	})
	return e
}

// missingKey identifies an operator at a version.
type missingKey struct {
	Domain, Op string
	Version    int64
}
