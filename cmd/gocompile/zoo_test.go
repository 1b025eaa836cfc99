package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
)

// TestZooParameters counts the parameters of a large transformer by block, and derives the shapes of its signals without a run.
func TestZooParameters(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_ZOO")
	if dir == "" {
		t.Skip("GOCOMPILE_ZOO does not name a folder of models")
	}
	file := filepath.Join(dir, "seed_transformer_ts", "model.onnx")
	if _, err := os.Stat(file); err != nil {
		t.Skip(err)
	}
	m, err := gocompile.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := map[string]block{}
	var total int64
	for _, b := range blocks(m.Parameters()) {
		got[b.Name] = b
		total += b.Total
	}
	for _, want := range []block{
		{"src_emb", 1, 30_721_024, 30_721_024},
		{"tgt_emb", 1, 30_721_024, 30_721_024},
		{"enc.0…11", 12, 4_203_264, 12 * 4_203_264},
		{"dec.0…7", 8, 7_354_368, 8 * 7_354_368},
		{"fc", 1, 30_750_000, 30_750_000},
	} {
		if got[want.Name] != want {
			t.Errorf("got %+v, expected %+v", got[want.Name], want)
		}
	}
	if total != 201_466_160 || len(got) != 5 {
		t.Errorf("got %d parameters in %d blocks, expected 201,466,160 in 5", total, len(got))
	}

	out, stderr, code := shell(t, "", "inspect", file, "--shapes", "--dim", "batch=32,src_len=2048,tgt_len=2048", "--filter", `^/(enc\.11|dec\.7)/`)
	if code != 0 {
		t.Fatal(stderr)
	}
	for node, shape := range map[string]string{
		"/enc.11/att/Transpose ": "[32, 4, 2048, 192]", // a head of 192
		"/enc.11/att/Reshape_3 ": "[32, 2048, 768]",    // heads side by side
		"/enc.11/ffn/Relu ":      "[32, 2048, 512]",
		"/enc.11/n2/":            "[32, 2048, 1024]",
		"/dec.7/ffn/Relu ":       "[32, 2048, 512]",
		"/dec.7/n3/":             "[32, 2048, 1024]",
	} {
		found := false
		for line := range strings.Lines(out) {
			found = found || strings.HasPrefix(line, node) && strings.HasSuffix(strings.TrimSpace(line), "  "+shape)
		}
		if !found {
			t.Errorf("%s does not have shape %s", node, shape)
		}
	}
}
