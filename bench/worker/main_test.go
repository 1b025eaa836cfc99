package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/machine"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/internal/profile"
	"github.com/gocompile/gocompile/tensor"
)

// add writes a model y = x + x with its input.
func add(t *testing.T) (model, dir string) {
	dir = t.TempDir()
	info := func(name string) *proto.ValueInfo {
		return &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true, Dims: []proto.Dim{{Param: "N"}}}}
	}
	m := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: &proto.Graph{Name: "g",
		Nodes: []*proto.Node{{OpType: "Add", Inputs: []string{"x", "x"}, Outputs: []string{"y"}}}, Inputs: []*proto.ValueInfo{info("x")}, Outputs: []*proto.ValueInfo{info("y")}}}
	model = filepath.Join(dir, "model.onnx")
	for name, b := range map[string][]byte{"model.onnx": m.Encode(), "input_0.pb": proto.EncodeValue("x", tensor.Must([]float32{1, 2}, 2))} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return model, dir
}

func TestWorker(t *testing.T) {
	model, dir := add(t)
	w, r, err := start(model, dir, dir, 1, "float32")
	if err != nil {
		t.Fatal(err)
	}
	defer w.model.Close()
	if r.RSS <= 0 || r.Load <= 0 || r.First <= 0 {
		t.Errorf("READY says %+v", r)
	}
	b, err := os.ReadFile(filepath.Join(dir, "output_0.pb"))
	if err != nil {
		t.Fatal(err)
	}
	name, y, err := proto.DecodeTensor(b)
	if err != nil || name != "y" || !tensor.Equal(y, tensor.Must([]float32{2, 4}, 2)) {
		t.Errorf("output %s = %v, %v", name, y, err)
	}
	var out bytes.Buffer
	if err := w.serve(strings.NewReader("RUN 3 60\nRUN 1000000 0\nQUIT\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[2], "DONE {") {
		t.Fatalf("answers %q", lines)
	}
	for i, n := range []int{3, 1} {
		var times []float64
		if err := json.Unmarshal([]byte(strings.TrimPrefix(lines[i], "TIMES ")), &times); err != nil || len(times) != n {
			t.Errorf("%q: want %d times, %v", lines[i], n, err)
		}
	}
	out.Reset()
	if err := w.serve(strings.NewReader("SESSIONS 3 0.01\n"), &out); err != nil {
		t.Fatal(err)
	}
	var c peer.Count
	line, _, _ := strings.Cut(out.String(), "\n")
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "COUNT ")), &c); err != nil || c.Runs < 3 || c.Seconds < 0.01 {
		t.Errorf("%q: %v", line, err)
	}
	if err := w.serve(strings.NewReader("WALK 1\n"), &out); err == nil {
		t.Error("an unknown word is accepted")
	}
}

func TestMissingInput(t *testing.T) {
	model, _ := add(t)
	if _, _, err := start(model, t.TempDir(), "", 1, "float32"); err == nil || !strings.Contains(err.Error(), `x: f32[N]`) {
		t.Errorf("error %v does not name the input", err)
	}
}

func TestProfile(t *testing.T) {
	model, dir := add(t)
	w, _, err := start(model, dir, "", 1, "")
	if err != nil {
		t.Fatal(err)
	}
	defer w.model.Close()
	b, err := w.profile(1)
	if err != nil {
		t.Fatal(err)
	}
	var p profile.Profile
	if err := json.Unmarshal(b, &p); err != nil || len(p.Steps) != 1 || len(p.Kernels) != 1 || !(p.Floor > 0) {
		t.Errorf("%v: %s", err, b)
	}
}

// After runs, neither the session nor the workers of its pool keep a processor busy.
func TestIdle(t *testing.T) {
	if _, ok := machine.ProcessorTime(); !ok {
		t.Skip("the system does not tell the time of the processor")
	}
	model, dir := add(t)
	w, _, err := start(model, dir, "", 4, "")
	if err != nil {
		t.Fatal(err)
	}
	defer w.model.Close()
	var out bytes.Buffer
	if err := w.serve(strings.NewReader("RUN 1000 0.05\nSESSIONS 4 0.05\nIDLE 0.5\n"), &out); err != nil {
		t.Fatal(err)
	}
	var u used
	for line := range strings.Lines(out.String()) {
		if rest, ok := strings.CutPrefix(line, "CPU "); ok {
			if err := json.Unmarshal([]byte(rest), &u); err != nil {
				t.Fatal(err)
			}
			if u.CPU > 0.05 { // a thread that spins takes ten times as much
				t.Errorf("processors worked %v s of 0.5 s without any work", u.CPU)
			}
			return
		}
	}
	t.Errorf("no answer to IDLE in %q", out.String())
}
