package cpu

import (
	"testing"
	"unsafe"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// TestPackedOnce: weights of every kind are packed once when a program is compiled, however many products read them, and what they were made of is
// released.
func TestPackedOnce(t *testing.T) {
	b := newGraphTest(t, 1)
	var weights []*ir.Value
	constant := func(d tensor.DType, shape ...int) *ir.Value {
		weights = append(weights, b.g.Const(b.random(d, shape...)))
		return weights[len(weights)-1]
	}
	x := b.input(b.random(tensor.Float32, 3, 2, 8))
	bytes := b.input(b.random(tensor.Uint8, 3, 8))
	lstm := b.add(&op.LSTM{HiddenSize: 16, Direction: "bidirectional"}, x, constant(tensor.Float32, 2, 64, 8), constant(tensor.Float32, 2, 64, 16))
	floats, integers := constant(tensor.Float32, 8, 40), constant(tensor.Int8, 8, 40)
	results := []*ir.Value{lstm[0]}
	for range 2 {
		results = append(results, b.add(&op.MatMul{}, x, floats)[0], b.add(&op.MatMulInteger{}, bytes, integers)[0])
	}
	var outputs []ir.Output
	for i, y := range results {
		outputs = append(outputs, ir.Output{Name: string(rune('a' + i)), Value: y})
	}
	b.g.SetOutputs(outputs...)
	released := map[*byte]int{}
	if _, err := Compile(b.g, Options{Release: func(b []byte) { released[unsafe.SliceData(b)]++ }}); err != nil {
		t.Fatal(err)
	}
	for _, w := range weights {
		if n := released[unsafe.SliceData(w.Const.Bytes())]; n != 1 {
			t.Errorf("weights %v were released %d times, want once", w.Type, n)
		}
	}
}
