package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A compiled model runs as the model does.
func TestCompile(t *testing.T) {
	model := filepath.Join("..", "..", "examples", "dates", "transformer", "model.onnx")
	file := filepath.Join(t.TempDir(), "model.gcx")
	if _, stderr, code := shell(t, "", "compile", model, "-o", file); code != 0 {
		t.Fatal(stderr)
	}
	run := func(path string) string {
		out, stderr, code := shell(t, "", "run", path, "--dim", "batch=2,chars=9,n=3", "--json")
		if code != 0 {
			t.Fatal(stderr)
		}
		return out
	}
	if got, want := run(file), run(model); got != want || len(want) < 100 {
		t.Errorf("the compiled model gives %s\nthe model %s", got, want)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b[:len(b)-1], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := shell(t, "", "run", file); code != exitFailure {
		t.Errorf("exit status %d for a damaged file: %s", code, stderr)
	}
}
