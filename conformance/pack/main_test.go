package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile/conformance"
)

// TestPack packs folders, reads the archive back, and packs again to the same bytes.
func TestPack(t *testing.T) {
	suite, out := t.TempDir(), t.TempDir()
	for name, size := range map[string]int{
		"node/test_b/model.onnx": 3, "node/test_b/test_data_set_0/input_0.pb": 5, "node/test_b/test_data_set_0/output_0.pb": 0,
		"node/test_a/model.onnx": 2, "node/test_a/notes.txt": 9, "node/test_big/model.onnx": 101,
	} {
		f := filepath.Join(suite, name)
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, bytes.Repeat([]byte{7}, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(suite, "node/test_a/data.json"), []byte(`{"rtol": 0.5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var archives [2][]byte
	for i := range archives {
		name := filepath.Join(out, "node.tar.zst")
		if err := pack(suite, "node", 100, name); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = b
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two archives of the same files differ")
	}
	cases, err := conformance.ReadArchives(out)
	if err != nil || len(cases) != 2 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	a, b := cases[0], cases[1]
	if a.ID() != "node/test_a" || len(a.Model) != 2 || a.Tolerance != (conformance.Tolerance{Rel: 0.5, Abs: 1e-7}) || len(a.Sets) != 0 {
		t.Errorf("first case %+v", a)
	}
	if b.ID() != "node/test_b" || len(b.Sets) != 1 || len(b.Sets[0].Inputs[0]) != 5 || len(b.Sets[0].Outputs[0]) != 0 || b.Tolerance != conformance.DefaultTolerance {
		t.Errorf("second case %+v", b)
	}
}
