package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What quantize writes computes what it says: the errors that it reports are those between the two models, and the file holds integers.
func TestQuantize(t *testing.T) {
	folder := filepath.Join("..", "..", "examples", "dates", "transformer")
	model, file := filepath.Join(folder, "model.onnx"), filepath.Join(t.TempDir(), "rounded.onnx")
	for _, c := range []struct {
		args    []string
		least   float64 // error of some product
		most    float64
		formats string // of matrices that can be rounded
	}{
		{[]string{"--weights", "int8"}, 1e-4, 0.1, "int8"},
		{[]string{"--weights", "uint4/16"}, 1e-3, 0.6, "uint4/16"},
		{[]string{"--weights", "int4", "--budget", "0.03"}, 1e-4, 0.1, "int8"}, // which 4 bits cannot keep
		{[]string{"--weights", "int4", "--budget", "1e-6"}, 0, 0, "float32"},
	} {
		args := append([]string{"quantize", model, "-o", file, "--json", "--time", "10ms", "--calibrate", folder}, c.args...)
		stdout, stderr, code := shell(t, "", args...)
		if code != 0 {
			t.Fatal(stderr)
		}
		var r quantized
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		worst, all := 0.0, 0
		for _, w := range r.Weights {
			worst = max(worst, w.Product)
			if w.Shape[0]*w.Shape[1] >= 4096 && len(w.Shape) == 2 && w.Product > 0 && w.Format == c.formats {
				all++
			}
			if w.Format != "float32" && w.Error > r.Budget {
				t.Errorf("%v: %+v is beyond the budget", c.args, w)
			}
		}
		if worst < c.least || worst > c.most || c.most > 0 && all == 0 {
			t.Errorf("%v: the largest error of a product is %v, want %v to %v; %d matrices in %s", c.args, worst, c.least, c.most, all, c.formats)
		}
		if c.most > 0 && r.After.Weights >= r.Before.Weights || len(r.Outputs) == 0 || r.Outputs[0].Choices == 0 || r.Sets < 1 {
			t.Errorf("%v: %+v", c.args, r)
		}
		read := func(path string) string {
			out, stderr, code := shell(t, "", "run", path, "--dim", "batch=2,chars=9,n=3", "--json")
			if code != 0 {
				t.Fatal(stderr)
			}
			return out
		}
		if (read(file) == read(model)) != (c.most == 0) {
			t.Errorf("%v: the file computes the same as the model: %t", c.args, c.most > 0)
		}
		a, err := os.Stat(model)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if c.most > 0 && b.Size() > a.Size()*3/4 {
			t.Errorf("%v: the file has %d bytes, that of the model %d", c.args, b.Size(), a.Size())
		}
	}
	stdout, stderr, code := shell(t, "", "quantize", model, "--dynamic", "-o", file, "--json", "--time", "1ms", "--dim", "batch=2,chars=9,n=3")
	var r quantized
	if code != 0 || json.Unmarshal([]byte(stdout), &r) != nil || len(r.Outputs) == 0 || r.Outputs[0].Error == 0 || r.Outputs[0].Error > 0.2 {
		t.Errorf("dynamic: exit status %d: %s%s", code, stdout, stderr)
	}
	if out, stderr, code := shell(t, "", "inspect", file); code != 0 || !strings.Contains(out, "MatMulInteger") {
		t.Errorf("the file has no products of integers: %s%s", out, stderr)
	}
	product := func(flag string) (sum float64) { // errors of all products
		stdout, stderr, code := shell(t, "", "quantize", model, "--json", "--time", "1ms", "--weights", "int4", flag, filepath.Join(folder, "test_data_set_0"))
		var r quantized
		if code != 0 || json.Unmarshal([]byte(stdout), &r) != nil {
			t.Fatal(stderr)
		}
		for _, w := range r.Weights {
			sum += w.Product
		}
		return sum
	}
	if with, without := product("--calibrate"), product("--input"); with > without*3/4 {
		t.Errorf("errors of products sum up to %v calibrated, %v otherwise", with, without)
	}
	if out, stderr, code := shell(t, "", "quantize", model, "--dim", "batch=1,chars=9,n=3", "--time", "1ms"); code != 0 || !strings.Contains(out, "Matrices") || !strings.Contains(out, "int8") {
		t.Errorf("exit status %d: %s%s", code, out, stderr)
	}
	for _, wrong := range [][]string{{"--weights", "int3"}, {"--budget", "-1"}, {"--calibrate", "nowhere"}, {"--opset", "3"}, {"--dynamic", "--weights", "int4"}} {
		if _, stderr, code := shell(t, "", append([]string{"quantize", model, "--dim", "batch=1,chars=9,n=3"}, wrong...)...); code != exitUsage {
			t.Errorf("%v: exit status %d: %s", wrong, code, stderr)
		}
	}
}
