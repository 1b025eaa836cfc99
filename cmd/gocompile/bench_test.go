package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// worker answers as a Python with onnxruntime would; it fails if it is given no inputs.
const worker = `#!/bin/sh
[ -f "$6/input_0.pb" ] || exit 1
echo 'READY {"load_s": 2, "first_s": 1, "rss_mb": 3, "info": "onnxruntime 0"}'
while read word rest; do
	case $word in
	RUN) echo 'TIMES [1000, 3000, 2000]' ;;
	QUIT) echo 'DONE {"rss_mb": 4}'; exit ;;
	esac
done
`

func TestBench(t *testing.T) {
	inFolder(t)
	args := []string{"bench", "tiny.onnx", "--dim", "batch=2,seq=3", "--passes=-all", "--runs", "10", "--threads", "1"}
	out, stderr, code := shell(t, "", append(args, "--json")...)
	var r measured
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
		t.Fatal(err, stderr)
	}
	// Products of [2, 3, 2] by [2, 3], sums and maxima.
	if r.Runs != 10 || r.Flops != 2*6*2*3+2*6*3 || !(r.Rate > 0) || !(r.Peak > r.Rate) || !(r.Least <= r.Median && r.Median <= r.P90 && r.P90 <= r.P99) || r.Peer != nil {
		t.Errorf("got %+v", r)
	}
	if out, stderr, code := shell(t, "", args...); code != 0 || !strings.Contains(out, "of 10 runs") || !strings.Contains(out, "p99") {
		t.Errorf("exit status %d, %s%s", code, out, stderr)
	}
	if _, stderr, code := shell(t, "", append(args, "--python", "no/python")...); code != exitFailure || !strings.Contains(stderr, "--python no/python") {
		t.Errorf("exit status %d, %s", code, stderr)
	}
	if runtime.GOOS == "windows" {
		return
	}
	python := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(python, []byte(worker), 0o755); err != nil {
		t.Fatal(err)
	}
	out, stderr, code = shell(t, "", append(args, "--json", "--python", python)...)
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
		t.Fatal(err, stderr)
	}
	if o := r.Peer; o == nil || o.Name != "onnxruntime 0" || o.Runs != 3*turns || o.Median != 2000 || o.Least != 1000 || o.P99 != 3000 || o.Load != 2 || o.Memory != 4<<20 || o.Ratio != r.Median/2000 {
		t.Errorf("got %+v", o)
	}
	out, stderr, code = shell(t, "", append(args, "--python", python)...)
	for _, want := range []string{"GFLOP/s", "onnxruntime 0", "ratio of the medians", "2e+03 s of 15 runs"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit status %d, no %q in\n%s%s", code, want, out, stderr)
		}
	}
}
