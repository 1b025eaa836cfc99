package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// adder writes a model in the form of the detector: its state counts chunks, and its output is the sum of the samples, plus the state.
func adder(t *testing.T) string {
	t.Helper()
	g := ir.NewGraph("adder", sym.NewScope())
	add := func(o ir.Op, in ...*ir.Value) *ir.Value {
		n, err := g.Add(o, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out()[0]
	}
	x := g.AddInput("input", ir.TensorType(tensor.Float32, sym.Int(1), sym.Int(past+chunk)))
	state := g.AddInput("state", ir.TensorType(tensor.Float32, sym.Int(1), sym.Int(1)))
	g.AddInput("sr", ir.TensorType(tensor.Int64))
	ones := tensor.New(tensor.Float32, past+chunk, 1)
	for i := range ones.Len() {
		ones.SetFloat64(i, 1)
	}
	next := add(&op.Binary{Fn: op.Add}, state, g.Const(tensor.Scalar(float32(1))))
	g.SetOutputs(ir.Output{Name: "output", Value: add(&op.Binary{Fn: op.Add}, add(&op.MatMul{}, x, g.Const(ones)), state)},
		ir.Output{Name: "stateN", Value: next})
	m, err := export.Model(g, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "adder.onnx")
	if err := export.Write(file, m); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDetector: a chunk is seen together with the end of the one before, and the state goes on.
func TestDetector(t *testing.T) {
	model, err := gocompile.Load(adder(t))
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	d, err := newDetector(model)
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float32, chunk)
	for i, want := range []float64{1*chunk + 0, 2*chunk + 1*past + 1, 3*chunk + 2*past + 2} {
		for k := range samples {
			samples[k] = float32(i + 1)
		}
		if got, err := d.probability(context.Background(), samples); err != nil || got != want {
			t.Errorf("chunk %d: got %g, %v, want %g", i, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.wav")
	if err := os.WriteFile(text, []byte("no sound"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ model, sound, want string }{
		{filepath.Join(dir, "none.onnx"), text, "none.onnx"},
		{"../say/model.onnx", text, "no detector of speech"},
		{adder(t), filepath.Join(dir, "none.wav"), "none.wav"},
		{adder(t), text, "text.wav"},
	} {
		if err := run(context.Background(), c.model, c.sound, defaults, &bytes.Buffer{}, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s on %s: error %v, want one with %q", c.model, c.sound, err, c.want)
		}
	}
}

// vowels is six seconds of a voice that sings vowels, pulses at the pitch of a voice through the resonances of a mouth, with pauses; and a little noise.
func vowels() []int16 {
	formants := [][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240}, {530, 1840, 2480}, {570, 840, 2410}}
	const length = 6 * rate
	sound := make([]float64, length)
	for k := range 3 {
		var y1, y2, phase float64
		for i := range sound {
			at := float64(i) / rate
			syllable := int(at / 0.22)
			center := formants[syllable%len(formants)][k]
			pitch := 120 + 25*math.Sin(2*math.Pi*at*0.7) + 8*math.Sin(2*math.Pi*at*5)
			phase += pitch / rate
			pulse := 0.0
			if phase >= 1 {
				phase--
				pulse = 1
			}
			r := math.Exp(-math.Pi * (60 + 40*float64(k)) / rate)
			y := pulse + 2*r*math.Cos(2*math.Pi*center/rate)*y1 - r*r*y2
			y1, y2 = y, y1
			loud := math.Sin(math.Pi * math.Mod(at, 0.22) / 0.22)
			if at < 0.8 || at > 2.6 && at < 3.4 || at > 5 {
				loud = 0
			}
			sound[i] += y * loud * 0.1 / float64(k+1)
		}
	}
	out, noise := make([]int16, length), uint32(1)
	for i, y := range sound {
		noise = noise*1664525 + 1013904223
		out[i] = int16(max(-32000, min(32000, y*6000+float64(noise>>16)/65536*20)))
	}
	return out
}

// TestVowels: silero_vad hears the voice where its own Python package does, in a file.
func TestVowels(t *testing.T) {
	zoo := os.Getenv("GOCOMPILE_ZOO")
	if zoo == "" {
		t.Skip("GOCOMPILE_ZOO is not set")
	}
	const want = "   0.770     2.654\n   3.362     4.414\n   4.578     5.118\n"
	file := filepath.Join(t.TempDir(), "vowels.wav")
	if err := os.WriteFile(file, wavOf(rate, 1, vowels()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"silero_vad", "silero_vad_16k_op15"} {
		model := filepath.Join(zoo, name, "model.onnx")
		if _, err := os.Stat(model); err != nil {
			t.Logf("%s was not built", name)
			continue
		}
		var out, report bytes.Buffer
		if err := run(context.Background(), model, file, defaults, &out, &report); err != nil {
			t.Fatal(err)
		}
		if out.String() != want {
			t.Errorf("%s found\n%s, want\n%s", name, out.String(), want)
		}
		if !strings.Contains(report.String(), "188 chunks of 32 ms") {
			t.Errorf("the report is %q", report.String())
		}
	}
}
