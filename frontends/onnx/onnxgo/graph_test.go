package onnxgo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/topo"
	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// file is a model of float32 vectors of one size, at version 13.
func file(in, out []string, nodes ...*proto.Node) []byte {
	infos := func(names []string) []*proto.ValueInfo {
		var list []*proto.ValueInfo
		for _, name := range names {
			list = append(list, &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true,
				Dims: []proto.Dim{{Param: "n"}}}})
		}
		return list
	}
	m := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 13}}, Graph: &proto.Graph{Name: "g", Nodes: nodes, Inputs: infos(in), Outputs: infos(out)}}
	return m.Encode()
}

func op(name, in, out string) *proto.Node {
	return &proto.Node{OpType: name, Inputs: strings.Fields(in), Outputs: strings.Fields(out)}
}

// decoded is a graph and model by the decoder of onnx-go.
func decoded(t *testing.T, b []byte, options ...Option) (*Graph, *onnx.Model) {
	t.Helper()
	g := NewGraph(options...)
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return g, m
}

func vector(x ...float32) gorgonia.Tensor {
	return gorgonia.New(gorgonia.WithShape(len(x)), gorgonia.WithBacking(x))
}

// runs sets the inputs, runs, and compares the outputs.
func runs(t *testing.T, g *Graph, m *onnx.Model, in [][]float32, want ...[]float32) {
	t.Helper()
	for i, x := range in {
		if err := m.SetInput(i, vector(x...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(want) {
		t.Fatalf("%d outputs, expected %d", len(out), len(want))
	}
	for i, w := range want {
		if got := out[i].Data().([]float32); !slices.Equal(got, w) {
			t.Errorf("output %d is %v, expected %v", i, got, w)
		}
	}
}

// TestRunAgain runs one graph on several sizes, then on another element type, and counts programs.
func TestRunAgain(t *testing.T) {
	g, m := decoded(t, file([]string{"x", "y"}, []string{"z"}, op("Add", "x y", "z")))
	runs(t, g, m, [][]float32{{1, 2}, {3, 4}}, []float32{4, 6})
	first := g.program.model
	runs(t, g, m, [][]float32{{5, 6}, {7, 8}}, []float32{12, 14})
	if g.program.model != first {
		t.Error("the same sizes made a new program")
	}
	runs(t, g, m, [][]float32{{1, 2, 3}, {4, 5, 6}}, []float32{5, 7, 9})
	second := g.program.model
	if second == first {
		t.Error("another size did not make a new program")
	}
	runs(t, g, m, [][]float32{{1}, {2}}, []float32{3})
	if g.program.model != second {
		t.Error("a third size made a new program")
	}
	runs(t, g, m, [][]float32{{1}, {2, 3}}, []float32{3, 4})
	if g.program.model == second {
		t.Error("sizes that differ where they never did made no new program")
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	runs(t, g, m, [][]float32{{1}, {2}}, []float32{3})
}

// TestOutputs runs models whose outputs cannot be told from other values: used by other operations, inputs themselves, absent.
func TestOutputs(t *testing.T) {
	g, m := decoded(t, file([]string{"x"}, []string{"z", "y", "x"}, op("Neg", "x", "y"), op("Mul", "y y", "z"), op("Abs", "z", "unused")))
	runs(t, g, m, [][]float32{{1, -2}}, []float32{1, 4}, []float32{-1, 2}, []float32{1, -2})
	known := g.program.model
	runs(t, g, m, [][]float32{{3, 4}}, []float32{9, 16}, []float32{-3, -4}, []float32{3, 4})
	if g.program.model != known {
		t.Error("outputs that were asked for before made a new program")
	}

	g, m = decoded(t, file([]string{"x"}, []string{"y"}, &proto.Node{OpType: "Dropout", Inputs: []string{"x"}, Outputs: []string{"y", ""}}))
	runs(t, g, m, [][]float32{{1, 2}}, []float32{1, 2})
}

// TestAsk asks for values that are no outputs, after the memory of the input has changed.
func TestAsk(t *testing.T) {
	g, m := decoded(t, file([]string{"x"}, []string{"y"}, op("Neg", "x", "a"), op("Abs", "a", "b"), op("NonZero", "a", "c"), op("Neg", "b", "y"), op("Size", "c", "n")))
	x := vector(1, -2)
	if err := m.SetInput(0, x); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	if n := len(g.program.results); n != 2 {
		t.Errorf("the run computed %d values, expected 2", n)
	}
	x.Data().([]float32)[0] = 100
	get := func(name string) gorgonia.Tensor {
		n, ok := m.GetNodeByName(name)
		if !ok {
			t.Fatalf("there is no value %q", name)
		}
		return n.(onnx.DataCarrier).GetTensor()
	}
	for name, want := range map[string][]float32{"a": {-1, 2}, "b": {1, 2}, "y": {-1, -2}} {
		if got := get(name).Data().([]float32); !slices.Equal(got, want) {
			t.Errorf("%s is %v, expected %v", name, got, want)
		}
	}

	runs(t, g, m, [][]float32{{0, 0}}, []float32{0, 0})
	if c := get("c"); c != nil {
		t.Errorf("c has no elements, and gorgonia holds it as %v", c)
	}
	if err := g.Run(); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("c was asked for, and the run says %v", err)
	}
}

// TestByHand builds a graph without the decoder: nodes need no names, and edges may come in any order.
func TestByHand(t *testing.T) {
	g := new(Graph)
	add := func(x gorgonia.Tensor) graph.Node {
		n := g.NewNode()
		g.AddNode(n)
		if x != nil {
			if err := n.(onnx.DataCarrier).SetTensor(x); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	y := add(nil)
	a, b := add(vector(7, 8)), add(vector(1, 2))
	g.SetWeightedEdge(g.NewWeightedEdge(y, b, 1))
	g.SetWeightedEdge(g.NewWeightedEdge(y, a, 0))
	if err := g.ApplyOperation(onnx.Operation{Name: "Sub"}, y); err != nil {
		t.Fatal(err)
	}
	check := func(want ...float32) {
		t.Helper()
		if err := g.Run(); err != nil {
			t.Fatal(err)
		}
		if got := y.(onnx.DataCarrier).GetTensor().Data().([]float32); !slices.Equal(got, want) {
			t.Errorf("%v, expected %v", got, want)
		}
	}
	check(6, 6)
	if err := a.(onnx.DataCarrier).SetTensor(vector(1, 1)); err != nil { // no constant any more
		t.Fatal(err)
	}
	check(0, -1)

	order, err := topo.Sort(g)
	if err != nil || len(order) != 3 || order[0] != y {
		t.Errorf("gonum sorts %v, %v", order, err)
	}
	if w, ok := g.Weight(y.ID(), b.ID()); !ok || w != 1 || g.Edge(y.ID(), b.ID()).To() != b {
		t.Errorf("the weight of an edge is %v, %v", w, ok)
	}
	if g.Edge(a.ID(), b.ID()) != nil || g.HasEdgeBetween(a.ID(), b.ID()) || g.Node(99) != nil || g.From(99).Len() != 0 {
		t.Error("the graph has edges or nodes that nobody added")
	}
	if g.To(a.ID()).Len() != 1 || g.From(y.ID()).Len() != 2 || !g.HasEdgeFromTo(y.ID(), a.ID()) || !g.HasEdgeBetween(a.ID(), y.ID()) || g.Nodes().Len() != 3 {
		t.Error("the graph lacks edges or nodes")
	}
}

// TestInputs converts what a program gives to what the model takes, if no element changes.
func TestInputs(t *testing.T) {
	g, m := decoded(t, file([]string{"x"}, []string{"y"}, op("Neg", "x", "y")))
	for _, x := range []gorgonia.Tensor{gorgonia.New(gorgonia.WithBacking([]int{1, 2})), gorgonia.New(gorgonia.WithBacking([]float64{1, 2}))} {
		if err := m.SetInput(0, x); err != nil {
			t.Fatal(err)
		}
		runs(t, g, m, nil, []float32{-1, -2})
	}
	if err := m.SetInput(0, gorgonia.New(gorgonia.WithBacking([]float64{0.1}))); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err == nil || !strings.Contains(err.Error(), `input "x"`) {
		t.Errorf("0.1 is no float32, but the run says %v", err)
	}
}

// TestErrors goes through what can be wrong with a graph. Nothing may panic, and messages name what is meant.
func TestErrors(t *testing.T) {
	neg := file([]string{"x"}, []string{"y"}, op("Neg", "x", "y"))
	foreign := NewGraph().NewNode()
	for _, c := range []struct {
		name string
		file []byte
		do   func(g *Graph, m *onnx.Model) error
		says []string
	}{
		{"no value", neg, nil, []string{`"x"`, "no value"}},
		{"nil value", neg, func(_ *Graph, m *onnx.Model) error { return m.SetInput(0, nil) }, []string{`"x"`, "no value"}},
		{"wrong shape", file([]string{"x", "y"}, []string{"z"}, op("Add", "x y", "z")), func(_ *Graph, m *onnx.Model) error {
			return errors.Join(m.SetInput(0, vector(1, 2)), m.SetInput(1, vector(1, 2, 3)))
		}, []string{"Add", `"→ z"`}},
		{"no such value", file([]string{"x"}, []string{"y"}, op("Add", "x nowhere", "y")), func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, vector(1))
		}, []string{`"nowhere"`, "no value"}},
		{"computed twice", file([]string{"x"}, []string{"y"}, op("Neg", "x", "y"), op("Abs", "x", "y")), nil, []string{`"y"`, "twice", "Neg", "Abs"}},
		{"reads itself", file([]string{"x"}, []string{"y"}, op("Add", "x y", "y")), func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, vector(1))
		}, []string{`"→ y"`, "Add"}},
		{"no such operator", file([]string{"x"}, []string{"y"}, op("Nonsense", "x", "y")), func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, vector(1))
		}, []string{"Nonsense", "not implemented"}},
		{"no such version", file([]string{"x"}, []string{"y"}, op("Upsample", "x", "a"), op("Gelu", "a", "y")), nil,
			[]string{"Upsample", "Gelu", "WithOpset"}},
		{"foreign node", neg, func(g *Graph, _ *onnx.Model) error { g.AddNode(foreign); return nil }, []string{"AddNode"}},
		{"no node", neg, func(g *Graph, _ *onnx.Model) error { g.AddNode(nil); return nil }, []string{"AddNode"}},
		{"node added twice", neg, func(g *Graph, _ *onnx.Model) error { g.AddNode(g.Node(0)); return nil }, []string{"AddNode", "twice"}},
		{"foreign edge", neg, func(g *Graph, _ *onnx.Model) error {
			g.SetWeightedEdge(g.NewWeightedEdge(g.Node(0), foreign, 0))
			return nil
		}, []string{"SetWeightedEdge"}},
		{"no edge", neg, func(g *Graph, _ *onnx.Model) error { g.SetWeightedEdge(nil); return nil }, []string{"SetWeightedEdge"}},
		{"two operands in one place", neg, func(g *Graph, m *onnx.Model) error {
			n := g.NewNode()
			g.AddNode(n)
			g.SetWeightedEdge(g.NewWeightedEdge(g.Node(1), n, 0))
			return nil
		}, []string{"Neg", "place 0"}},
		{"no attribute", neg, func(g *Graph, _ *onnx.Model) error {
			n := g.NewNode()
			g.AddNode(n)
			return g.ApplyOperation(onnx.Operation{Name: "Constant", Attributes: map[string]any{"value": make(chan int)}}, n)
		}, []string{"Constant", `"value"`, "chan int"}},
		{"attribute without type", neg, func(g *Graph, _ *onnx.Model) error {
			n := g.NewNode()
			g.AddNode(n)
			return g.ApplyOperation(onnx.Operation{Name: "Constant", Attributes: map[string]any{"value": struct{}{}}}, n)
		}, []string{"Constant", `"value"`, "lost"}},
		{"no elements", file([]string{"x"}, []string{"y"}, op("NonZero", "x", "y")), func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, vector(0))
		}, []string{`"y"`, "without elements"}},
		{"no tensor", file([]string{"x"}, []string{"y"}, op("SequenceConstruct", "x", "y")), func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, vector(1))
		}, []string{`"y"`, "no tensor"}},
		{"no number", neg, func(_ *Graph, m *onnx.Model) error {
			return m.SetInput(0, gorgonia.New(gorgonia.WithBacking([]string{"a"})))
		}, []string{`"x"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, m := decoded(t, c.file)
			if c.do != nil {
				if err := c.do(g, m); err != nil {
					t.Fatal(err)
				}
			}
			err := g.Run()
			if err == nil {
				t.Fatal("the run succeeds")
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v: does not say %q", err, s)
				}
			}
			if strings.Contains(err.Error(), "internal") {
				t.Error(err)
			}
		})
	}
}

// TestNotImplemented: a program may ask for the error of onnx-go.
func TestNotImplemented(t *testing.T) {
	g, m := decoded(t, file([]string{"x"}, []string{"y"}, op("Nonsense", "x", "y")))
	if err := m.SetInput(0, vector(1)); err != nil {
		t.Fatal(err)
	}
	if e, ok := g.Run().(*onnx.ErrNotImplemented); !ok || e.Operator != "Nonsense" {
		t.Errorf("%v", e)
	}
	g = NewGraph()
	if e, ok := g.Decode(onnx.NewModel(g), file([]string{"x"}, []string{"y"}, op("Nonsense", "x", "y"))).(*onnx.ErrNotImplemented); !ok || e.Operator != "Nonsense" {
		t.Errorf("%v", e)
	}
}

// TestAttach runs compiled models, one whose input is an output too, and refuses what does not belong together.
func TestAttach(t *testing.T) {
	compiled, err := gocompile.Compile(file([]string{"x"}, []string{"y", "x"}, op("Neg", "x", "y")))
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	g := NewGraph()
	m := onnx.NewModel(g)
	if err := g.Attach(m, compiled); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("input x is missing, but the run says %v", err)
	}
	runs(t, g, m, [][]float32{{1, 2}}, []float32{-1, -2}, []float32{1, 2})
	runs(t, g, m, [][]float32{{3}}, []float32{-3}, []float32{3})
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	runs(t, g, m, [][]float32{{4}}, []float32{-4}, []float32{4})

	decoded := NewGraph()
	m = onnx.NewModel(decoded)
	if err := decoded.Decode(m, file([]string{"x"}, []string{"y"}, op("Neg", "x", "y"))); err != nil {
		t.Fatal(err)
	}
	runs(t, decoded, m, [][]float32{{1}}, []float32{-1})
	if err := decoded.Close(); err != nil {
		t.Fatal(err)
	}
	if err := decoded.Run(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("the graph is closed, but the run says %v", err)
	}

	other := NewGraph()
	for name, err := range map[string]error{
		"in use":          g.Attach(m, compiled),
		"no model":        other.Attach(nil, compiled),
		"no compiled":     other.Attach(onnx.NewModel(other), nil),
		"another backend": other.Attach(onnx.NewModel(NewGraph()), compiled),
		"no file":         other.Decode(onnx.NewModel(other), []byte("nonsense")),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g, m := decoded(t, file([]string{"x"}, []string{"y"}, op("Neg", "x", "y")))
	if err := m.SetInput(0, vector(1)); err != nil {
		t.Fatal(err)
	}
	if err := g.RunContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected that the context was cancelled", err)
	}
}
