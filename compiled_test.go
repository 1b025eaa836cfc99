package gocompile

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

var dates = []string{"lstm", "gru", "transformer"}

// recorded is the inputs of an example's first recorded run.
func recorded(t testing.TB, name string) map[string]tensor.Value {
	t.Helper()
	in := map[string]tensor.Value{}
	for i := 0; ; i++ {
		b, err := os.ReadFile(fmt.Sprintf("examples/dates/%s/test_data_set_0/input_%d.pb", name, i))
		if err != nil {
			return in
		}
		port, x, err := proto.DecodeTensor(b)
		if err != nil {
			t.Fatal(err)
		}
		in[port] = x
	}
}

func result(t testing.TB, m *Model, in map[string]tensor.Value) []float32 {
	t.Helper()
	out, err := m.NewSession().Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return tensor.Data[float32](out[m.Outputs()[0].Name].(*tensor.Tensor))
}

func text(g *ir.Graph) string {
	var b strings.Builder
	_ = g.Print(&b, ir.PrintOptions{Names: true})
	return b.String()
}

// A model that was compiled before is the same model: ports, information, graph and results, to the bit.
func TestWriteFile(t *testing.T) {
	for _, name := range dates {
		for _, weights := range []tensor.DType{tensor.Invalid, tensor.Float16} {
			path := "examples/dates/" + name + "/model.onnx"
			want, err := Load(path, WithWeights(weights))
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			first := filepath.Join(t.TempDir(), "model.gcx")
			if err := want.WriteFile(first); err != nil {
				t.Fatal(err)
			}
			got, err := Load(first, WithCheck())
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()
			if portList(got.Inputs()) != portList(want.Inputs()) || portList(got.Outputs()) != portList(want.Outputs()) {
				t.Errorf("%s: ports %v, %v", name, got.Inputs(), got.Outputs())
			}
			if !reflect.DeepEqual(got.Info(), want.Info()) {
				t.Errorf("%s: %+v, want %+v", name, got.Info(), want.Info())
			}
			in := recorded(t, name)
			if x, y := result(t, got, in), result(t, want, in); !slices.Equal(x, y) {
				t.Errorf("%s: other results", name)
			}
			if weights == tensor.Invalid { // the weights can be had from their packs
				again, err := ir.Parse(text(want.Graph())) // values have other numbers
				if err != nil {
					t.Fatal(err)
				}
				if text(got.Graph()) != text(again) {
					t.Errorf("%s: another graph, or other constants", name)
				}
			}
			if _, err := Load(first, WithWeights(tensor.BFloat16)); err == nil || !strings.Contains(err.Error(), "compiled with weights in") {
				t.Errorf("%s: other weights are asked for: %v", name, err)
			}
		}
	}
}

// A file that was written at one level of the processor runs at another: a process of that level gets the results of the model itself.
func TestCompiledForAnotherLevel(t *testing.T) {
	const variable = "GOCOMPILE_TEST_FILE"
	if file := os.Getenv(variable); file != "" {
		for _, path := range []string{file, "examples/dates/transformer/model.onnx"} {
			m, err := Load(path, WithCheck())
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			fmt.Println("RESULT", result(t, m, recorded(t, "transformer")))
		}
		return
	}
	m, err := Load("examples/dates/transformer/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	file := filepath.Join(t.TempDir(), "model.gcx")
	if err := m.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{"portable", "avx2", "avx512"} {
		c := exec.Command(os.Args[0], "-test.run=^TestCompiledForAnotherLevel$")
		c.Env = append(os.Environ(), variable+"="+file, "GOCOMPILE_CPU="+l)
		out, err := c.CombinedOutput()
		if err != nil {
			if strings.Contains(string(out), "run at most level") {
				continue
			}
			t.Fatalf("%s: %v\n%s", l, err, out)
		}
		var results []string
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, "RESULT") {
				results = append(results, line)
			}
		}
		if len(results) != 2 || results[0] != results[1] {
			t.Errorf("%s: results differ, or there are %d of them", l, len(results))
		}
	}
}

// Whatever happens to a file, loading it gives an error or a model, and with all checksums compared an error.
func TestDamagedCompiledModel(t *testing.T) {
	m, err := Load("examples/dates/gru/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	file := filepath.Join(t.TempDir(), "model.gcx")
	if err := m.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := recorded(t, "gru")
	for i := 0; i < len(whole); i += 1 + i/3 {
		b := slices.Clone(whole)
		b[i] ^= 1
		if got, err := Compile(b, WithCheck()); err == nil { // between blobs
			if x, y := result(t, got, in), result(t, m, in); !slices.Equal(x, y) {
				t.Errorf("a change of byte %d of %d is not noticed", i, len(whole))
			}
			got.Close()
		}
		if got, err := Compile(b); err == nil {
			got.Close()
		}
		if _, err := Compile(whole[:i]); err == nil {
			t.Errorf("%d of %d bytes are taken for a model", i, len(whole))
		}
	}
}
