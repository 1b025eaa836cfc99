package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// TestZooExport exports models after the passes and compares what the exported ones compute with the records.
func TestZooExport(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_ZOO")
	if dir == "" {
		t.Skip("GOCOMPILE_ZOO does not name a folder of models")
	}
	models, err := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
	if err != nil || len(models) == 0 {
		t.Fatalf("no models in %s: %v", dir, err)
	}
	for _, file := range models {
		folder := filepath.Dir(file)
		t.Run(filepath.Base(folder), func(t *testing.T) { exportAndCompare(t, folder) })
	}
}

// TestExport is TestZooExport for the models that the repository has.
func TestExport(t *testing.T) {
	for _, name := range []string{"lstm", "gru", "transformer"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("..", "..", "examples", "dates", name, "model.onnx")
			out := filepath.Join(t.TempDir(), "model.onnx")
			if _, stderr, code := shell(t, "", "export", file, "-o", out); code != 0 {
				t.Fatal(stderr)
			}
			was, err := gocompile.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			defer was.Close()
			is, err := gocompile.Load(out)
			if err != nil {
				t.Fatal(err)
			}
			defer is.Close()
			a, b := was.Graph().CountOps(), is.Graph().CountOps()
			for _, kind := range []string{"LSTM", "GRU", "Attention", "LayerNorm", "MatMul"} {
				if a[kind] != b[kind] {
					t.Errorf("%d %s before, %d after: %v", a[kind], kind, b[kind], b)
				}
			}
			exportAndCompare(t, filepath.Dir(file))
		})
	}
}

func exportAndCompare(t *testing.T, dir string) {
	if _, err := os.Stat(filepath.Join(dir, "model.onnx")); errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s was not built", filepath.Base(dir))
	}
	out := filepath.Join(t.TempDir(), "model.onnx")
	if _, stderr, code := shell(t, "", "export", filepath.Join(dir, "model.onnx"), "-o", out); code != 0 {
		t.Fatal(stderr)
	}
	was, is := runRecorded(t, filepath.Join(dir, "model.onnx"), dir), runRecorded(t, out, dir)
	meta := struct{ Tolerance float64 }{defaultTolerance}
	if b, err := os.ReadFile(filepath.Join(dir, "meta.json")); err == nil {
		if err := json.Unmarshal(b, &meta); err != nil {
			t.Fatal(err)
		}
	}
	want, err := readRecorded(filepath.Join(dir, "test_data_set_0"), "output", is.ports)
	if err != nil || len(want) == 0 || len(is.results) != len(was.results) {
		t.Fatal(err, len(want), len(is.results), len(was.results))
	}
	for name, w := range want {
		if d := compare(is.results[name], w); !d.within(meta.Tolerance) {
			t.Errorf("output %q differs from what was recorded: %+v", name, d)
		}
		if d := compare(is.results[name], was.results[name]); !d.within(defaultTolerance) {
			t.Errorf("output %q differs from that of the model before: %+v", name, d)
		}
	}
}

// recordedRun is what a model computes of recorded inputs.
type recordedRun struct {
	ports   []gocompile.Port
	results map[string]tensor.Value
}

func runRecorded(t *testing.T, file, dir string) recordedRun {
	m, err := gocompile.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	in, err := readRecorded(filepath.Join(dir, "test_data_set_0"), "input", m.Inputs())
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.NewSession().Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return recordedRun{m.Outputs(), got}
}
