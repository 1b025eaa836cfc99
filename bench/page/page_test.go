package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const measuredScenarios = `{"when": "today", "cpu": "a processor", "rounds": 5, "block_s": 1, "load_avg_start": [0.25], "rows": [
 {"scenario": "minilm 1x16", "model": "minilm", "threads": 1, "backend": "onnxruntime", "load_s": 0.4, "rss_mb": 200, "base_mb": 40, "median_s": 0.004},
 {"scenario": "minilm 1x16", "model": "minilm", "threads": 1, "backend": "openvino", "load_s": 0.4, "rss_mb": 200, "base_mb": 40, "median_s": 0.002},
 {"scenario": "minilm 1x16", "model": "minilm", "threads": 1, "backend": "tract", "error": "no"},
 {"scenario": "minilm 1x16", "model": "minilm", "threads": 1, "backend": "gocompile", "load_s": 0.05, "rss_mb": 80, "median_s": 0.003,
  "profile": {"kernels": [{"name": "matmul", "share": 0.9, "time_s": 0.002, "floor_s": 0.001}, {"name": "gather", "share": 0.1, "time_s": 0.0003}]}},
 {"scenario": "gru_lm 1x1", "model": "gru", "threads": 2, "backend": "onnxruntime", "load_s": 0.4, "rss_mb": 140, "base_mb": 40, "median_s": 0.004},
 {"scenario": "gru_lm 1x1", "model": "gru", "threads": 2, "backend": "gocompile", "load_s": 0.2, "rss_mb": 80, "median_s": 0.002},
 {"scenario": "other", "model": "odd", "threads": 2, "backend": "gocompile", "error": "no operator"}]}`

func TestPage(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	in := files{
		scenarios: write("scenarios.json", measuredScenarios),
		growth: write("growth.json", `{"date": "today", "processor": "p", "threads": 1, "axes": [{"title": "By length", "model": "m", "unit": "tokens", "points": [
			{"size": 16, "results": [{"runtime": "gocompile", "median_s": 0.001}, {"runtime": "onnxruntime", "median_s": 0.002}]},
			{"size": 32, "results": [{"runtime": "gocompile", "median_s": 0.002}, {"runtime": "onnxruntime", "failed": "no"}]}]}]}`),
		throughput: write("throughput.json", `{"threads": 2, "models": [{"model": "m", "rates": [{"sessions": 1, "runs_per_s": {"gocompile": 100}}, {"sessions": 2, "runs_per_s": {"gocompile": 190}}],
			"idle": [{"runtime": "gocompile", "share": 0.0005}, {"runtime": "other", "failed": "no"}]}]}`),
		numerics: write("numerics.json", `{"models": [{"model": "a", "inputs": 3, "errors": {"gocompile": 1e-7, "onnxruntime": 2e-7}}, {"model": "b", "errors": {"gocompile": 0.08, "onnxruntime": 0.08}, "left": ["Odd"]},
			{"model": "c", "failed": {"reference": "line\n| two"}}]}`),
		reasons: write("reasons.txt", "# nothing\n\nminilm 1x16, 1 thread: Because of this.\n"),
	}
	out := filepath.Join(dir, "benchmarks.md")
	if err := run(in, out); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| minilm 1x16 | 3 ms | 4 ms | 0.75 | 2 ms | **1.50** ✗ | fails | | 0.75 |",
		"| gru_lm 1x1 | 2 ms | 4 ms | **0.50** | – | | – | | 0.95 |",
		"| other | fails | – | | – | | – | | 1.00 |",
		"- **minilm 1x16, 1 thread**: 1.50 of openvino, to reach 0.75. Time goes to: 90 % in matmul at 50 % of what is possible; 10 % in gather. Because of this.",
		"- **other, 2 threads**: fails: no operator.",
		"| minilm | minilm 1x16, 1 thread | 50 ms | 400 ms | **0.12** | 80 | 160 | **0.50** |",
		"| gru | gru_lm 1x1, 2 threads | 200 ms | 400 ms | **0.50** ✗ | 80 | 100 | **0.80** ✗ |",
		"![By length](benchmarks/by-length.svg)",
		"| gocompile | 1 ms | 2 ms |\n| ratio to onnxruntime | 0.50 | – |",
		"| m | gocompile | 100 | 190 | – | – | 0.1 % |",
		"| m | other | fails |",
		"| a | 3 | 1.0e-07 | 2.0e-07 | 0.50 |",
		"| b ¹ ² | 1 | 8.0e-02 | 8.0e-02 | 1.00 |",
		"| c | | no reference: line / two | | |",
		"are: Odd.",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
	svg, err := os.Open(filepath.Join(dir, "benchmarks", "by-length.svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	for d := xml.NewDecoder(svg); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("no reason here"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, in := range []files{{reasons: bad}, {scenarios: bad, reasons: "reasons.txt"}, {growth: "missing.json", reasons: "reasons.txt"}} {
		if err := run(in, filepath.Join(dir, "out.md")); err == nil {
			t.Errorf("%+v is accepted", in)
		}
	}
}

func TestTargets(t *testing.T) {
	var s scenarios
	if err := json.Unmarshal([]byte(measuredScenarios), &s); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"minilm 1x16": 0.75, "minilm 1x128": 0.8, "minilm_int8 1x128": 0.9, "lstm_lm 1x1": 0.95, "lstm_lm 1x256": 0.88, "magika 1x2048": 1} {
		if got := target(name); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}
