package onnxgo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// The two reasons why a case of the ONNX suite cannot be run here: onnx-go does not decode its file, or gorgonia.org/tensor has nothing
// for one of its values.
var (
	errDecoder = errors.New("onnx-go does not decode the file")
	errHolds   = errors.New("gorgonia.org/tensor cannot hold a value")
)

// TestSuite runs the ONNX suite through the interface of onnx-go, once by its decoder, where the versions are told, and once by
// Decode. What the one does not decode the other has to run.
func TestSuite(t *testing.T) {
	cases := suite(t)
	for name, rt := range map[string]struct {
		decode  func(*Graph, *onnx.Model, *proto.Model, []byte) error
		atLeast int
	}{
		"UnmarshalBinary": {func(g *Graph, m *onnx.Model, file *proto.Model, b []byte) error {
			for _, o := range file.OpsetImports {
				WithOpset(o.Domain, o.Version)(g)
			}
			if err := unmarshal(m, b); err != nil {
				return fmt.Errorf("%w: %w", errDecoder, err)
			}
			return nil
		}, 3000},
		"Decode": {func(g *Graph, m *onnx.Model, _ *proto.Model, b []byte) error { return g.Decode(m, b) }, 3300},
	} {
		t.Run(name, func(t *testing.T) {
			ran := 0
			for _, c := range cases {
				err := conformance.Check(context.Background(), runtime(rt.decode), c)
				switch {
				case errors.Is(err, errDecoder) && name == "Decode":
					t.Errorf("%s: %v", c.ID(), err)
				case errors.Is(err, errDecoder), errors.Is(err, errHolds):
				case err != nil:
					t.Errorf("%s: %v", c.ID(), err)
				default:
					ran++
				}
			}
			t.Logf("%d of %d cases pass", ran, len(cases))
			if ran < rt.atLeast {
				t.Errorf("%d cases pass, expected at least %d", ran, rt.atLeast)
			}
		})
	}
}

// TestVersions checks that every clue to the version of ai.onnx is true of the whole suite.
func TestVersions(t *testing.T) {
	checked := 0
	for _, c := range suite(t) {
		file, err := proto.Decode(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range file.Graph.Nodes {
			if n.Domain != "" {
				continue
			}
			r := allVersions()
			r.narrow(n)
			if v := opsetOf(file); v < r.min || v > r.max {
				t.Errorf("%s: %s is of version %d, the clues say %+v", c.ID(), n.OpType, v, r)
			}
			checked++
		}
	}
	if checked < 3000 {
		t.Errorf("only %d nodes were checked", checked)
	}
}

// suite is the cases that the repository's own suite expects to pass.
func suite(t *testing.T) []*conformance.Case {
	const dir = "../../../conformance"
	all, err := conformance.ReadArchives(dir + "/testdata")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(dir + "/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	exceptions, err := conformance.ReadExceptions(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*conformance.Case
	for _, c := range all {
		if _, listed := exceptions[c.ID()]; !listed {
			cases = append(cases, c)
		}
	}
	return cases
}

// runtime is a graph as a runtime of the suite.
func runtime(decode func(*Graph, *onnx.Model, *proto.Model, []byte) error) conformance.Runtime {
	run := func(_ context.Context, b []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
		file, err := proto.Decode(b)
		if err != nil {
			return nil, err
		}
		g := NewGraph()
		defer g.Close()
		m := onnx.NewModel(g)
		if err := decode(g, m, file, b); err != nil {
			return nil, err
		}
		for name, v := range inputs {
			x, err := input(v)
			if err != nil {
				return nil, err
			}
			n, ok := m.GetNodeByName(name)
			if !ok {
				return nil, fmt.Errorf("there is no node %q", name)
			}
			if err := n.(onnx.DataCarrier).SetTensor(x); err != nil {
				return nil, err
			}
		}
		if err := g.Run(); err != nil {
			if strings.Contains(err.Error(), "gorgonia.org/tensor has no") {
				err = fmt.Errorf("%w: %w", errHolds, err)
			}
			return nil, err
		}
		return outputs(m, file)
	}
	return conformance.Runtime{Name: "onnxgo", Run: run}
}

// input is a recorded value as a tensor of gorgonia.
func input(v tensor.Value) (gorgonia.Tensor, error) {
	x, ok := v.(*tensor.Tensor)
	if ok && x.Rank() == 0 && writers[x.DType()] != nil {
		return gorgonia.New(gorgonia.WithShape(), gorgonia.WithBacking(writers[x.DType()](x))), nil
	}
	t, err := toGorgonia(v)
	if err != nil {
		err = fmt.Errorf("%w: %w", errHolds, err)
	}
	return t, err
}

// outputs reads the results with the element types that the file declares.
func outputs(m *onnx.Model, file *proto.Model) ([]tensor.Value, error) {
	all, err := m.GetOutputTensors()
	if err != nil {
		return nil, err
	}
	var out []tensor.Value
	for i, t := range all {
		x, err := fromGorgonia(t)
		if err != nil {
			return nil, err
		}
		declared := file.Graph.Outputs[i].Type
		if d := tensor.DType(declared.Elem); x.DType() != d && x.DType() == carrier(d) {
			y := tensor.New(d, x.Shape()...)
			tensor.ConvertInto(y, x, false)
			x = y
		}
		if declared.HasShape && len(declared.Dims) == 0 && x.Len() == 1 {
			if x, err = x.Reshape(); err != nil {
				return nil, err
			}
		}
		out = append(out, x)
	}
	return out, nil
}

// opsetOf is the version of ai.onnx that a file has.
func opsetOf(file *proto.Model) int64 {
	for _, o := range file.OpsetImports {
		if o.Domain == "" || o.Domain == "ai.onnx" {
			return o.Version
		}
	}
	return 1
}

// unmarshal is UnmarshalBinary, whose panics become errors.
func unmarshal(m *onnx.Model, file []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return m.UnmarshalBinary(file)
}
