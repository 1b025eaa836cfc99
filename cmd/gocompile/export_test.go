package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile"
)

// TestZooExport exports models after the passes and compares what the exported ones compute with the records.
func TestZooExport(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_ZOO")
	if dir == "" {
		t.Skip("GOCOMPILE_ZOO does not name a folder of models")
	}
	for _, name := range []string{"minilm_l6_dynamo", "llama_mini_dynamo", "gpt2_small_dynamo", "lstm_classifier_dynamo", "gru_classifier_ts",
		"seed_transformer_mini_dynamo", "magika", "silero_vad", "alibi_decoder_dynamo"} {
		t.Run(name, func(t *testing.T) { exportAndCompare(t, filepath.Join(dir, name)) })
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
	m, err := gocompile.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	in, err := readRecorded(filepath.Join(dir, "test_data_set_0"), "input", m.Inputs())
	if err != nil {
		t.Fatal(err)
	}
	want, err := readRecorded(filepath.Join(dir, "test_data_set_0"), "output", m.Outputs())
	if err != nil || len(want) == 0 {
		t.Fatal(err, len(want))
	}
	got, err := m.NewSession().Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		if d := compare(got[name], w); !d.within(defaultTolerance) {
			t.Errorf("output %q: %+v", name, d)
		}
	}
}
