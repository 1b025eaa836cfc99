package cpu

import (
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// TestPackedOnce: weights of every kind are packed once when a program and its variants are compiled, however many products read them, and what they were
// made of is released.
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
	o := Options{packs: newPacks(), Release: func(b []byte) { released[unsafe.SliceData(b)]++ }}
	for range 2 { // the second program is a variant of the first
		if _, err := Compile(b.g, o); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range weights {
		if n := released[unsafe.SliceData(w.Const.Bytes())]; n != 1 {
			t.Errorf("weights %v were released %d times, want once", w.Type, n)
		}
	}
}

// TestReleasedWhilePacked: of a large matrix, parts are released before the rest is packed, each part once, and in the end all of it, whichever way it lies.
func TestReleasedWhilePacked(t *testing.T) {
	for _, trans := range []bool{false, true} {
		b := newGraphTest(t, 2)
		shape := []int{700, 1300}
		if trans {
			shape = []int{1300, 700}
		}
		w := b.g.Const(tensor.New(tensor.Float32, shape...))
		b.g.SetOutputs(ir.Output{Name: "y", Value: b.add(&op.MatMul{TransB: trans}, b.input(b.random(tensor.Float32, 1, 700)), w)[0]})
		all := w.Const.Bytes()
		var mu sync.Mutex
		calls, released := 0, make([]bool, len(all))
		threads := pool.New(2)
		_, err := Compile(b.g, Options{Pool: threads, Release: func(part []byte) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			first := int(uintptr(unsafe.Pointer(&part[0])) - uintptr(unsafe.Pointer(&all[0])))
			if slices.Contains(released[first:][:len(part)], true) {
				t.Errorf("transposed %t: some of %d bytes from %d on were released before", trans, len(part), first)
			}
			for i := range part {
				released[first+i] = true
			}
		}})
		threads.Close()
		if err != nil {
			t.Fatal(err)
		}
		if calls < 3 || slices.Contains(released, false) {
			t.Errorf("transposed %t: %d calls, everything released: %t", trans, calls, !slices.Contains(released, false))
		}
	}
}

// TestPackedTogether: the packed matrices of a program and its variants lie in memory that was taken at once.
func TestPackedTogether(t *testing.T) {
	b := newGraphTest(t, 3)
	x, total := b.input(b.random(tensor.Float32, 1, 256)), 0
	for i := range 12 {
		w := b.g.Const(b.random(tensor.Float32, 256, 256))
		x = b.add(&op.MatMul{TransB: i%2 == 0}, x, w)[0]
		total += len(w.Const.Bytes())
	}
	b.g.SetOutputs(ir.Output{Name: "y", Value: x})
	o := Options{packs: newPacks()}
	for range 2 {
		if _, err := Compile(b.g, o); err != nil {
			t.Fatal(err)
		}
	}
	least, most := ^uintptr(0), uintptr(0)
	for _, m := range o.packs.m {
		data := m.(*gemm.Packed).Data()
		first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
		least, most = min(least, first), max(most, first+uintptr(len(data)))
	}
	if len(o.packs.m) != 12 || int(most-least) > total+12*64 {
		t.Errorf("%d matrices of %d bytes lie in %d", len(o.packs.m), total, most-least)
	}
}
