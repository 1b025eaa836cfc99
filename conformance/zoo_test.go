package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// TestZoo runs real models, DIR/NAME/{model.onnx,meta.json,test_data_set_0}, and compares with the recorded outputs: the largest
// error relative to the peak of an output must stay within the tolerance of meta.json, 1e-4 if it has none.
func TestZoo(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_ZOO")
	if dir == "" {
		t.Skip("GOCOMPILE_ZOO does not name a folder of models")
	}
	models, err := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
	if err != nil || len(models) == 0 {
		t.Fatalf("no model in %s (%v)", dir, err)
	}
	for _, file := range models {
		folder := filepath.Dir(file)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			worst, err := runZoo(file, folder)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("error %.1e of the peak", worst)
			if limit := tolerance(t, folder); !(worst <= limit) {
				t.Errorf("error %.1e of the peak, allowed %.1e", worst, limit)
			}
		})
	}
}

// tolerance is the largest error that a model may have.
func tolerance(t *testing.T, folder string) float64 {
	meta := struct{ Tolerance float64 }{1e-4}
	if b, err := os.ReadFile(filepath.Join(folder, "meta.json")); err == nil {
		if err := json.Unmarshal(b, &meta); err != nil {
			t.Fatal(err)
		}
	}
	return meta.Tolerance
}

// runZoo returns the largest error relative to the peak among all outputs.
func runZoo(file, folder string, options ...gocompile.Option) (worst float64, err error) {
	m, err := gocompile.Load(file, options...)
	if err != nil {
		return 0, err
	}
	defer m.Close()
	in, err := readNamed(folder, "input")
	if err != nil {
		return 0, err
	}
	want, err := readNamed(folder, "output")
	if err != nil {
		return 0, err
	}
	got, err := m.NewSession().Run(context.Background(), in)
	if err != nil {
		return 0, err
	}
	if len(got) != len(want) || len(want) == 0 {
		return 0, fmt.Errorf("%d outputs, %d recorded", len(got), len(want))
	}
	for name, w := range want {
		w, ok := w.(*tensor.Tensor)
		g, isTensor := got[name].(*tensor.Tensor)
		if !ok || !isTensor || !slices.Equal(g.Shape(), w.Shape()) || g.DType() != w.DType() {
			return 0, fmt.Errorf("output %q: got %v, expected %v", name, got[name], want[name])
		}
		worst = max(worst, relativeToPeak(g, w)) // NaN stays
	}
	return worst, nil
}

// relativeToPeak is max |g − w| / max |w|; NaN where only one is NaN.
func relativeToPeak(g, w *tensor.Tensor) float64 {
	var diff, peak float64
	for i := range w.Len() {
		a, b := g.Float64(i), w.Float64(i)
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			peak = max(peak, math.Abs(b))
			continue
		}
		diff, peak = max(diff, math.Abs(a-b)), max(peak, math.Abs(b))
	}
	if diff == 0 {
		return 0
	}
	return diff / peak
}

func readNamed(folder, kind string) (map[string]tensor.Value, error) {
	files, err := filepath.Glob(filepath.Join(folder, "test_data_set_0", kind+"_*.pb"))
	if err != nil {
		return nil, err
	}
	values := map[string]tensor.Value{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		name, x, err := proto.DecodeTensor(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		values[name] = x
	}
	return values, nil
}
