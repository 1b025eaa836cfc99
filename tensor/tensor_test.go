package tensor

import "testing"

func TestNumElements(t *testing.T) {
	const huge = 1 << 62
	for _, c := range []struct {
		shape []int
		n     int
		ok    bool
	}{
		{nil, 1, true}, {[]int{0}, 0, true}, {[]int{2, 3}, 6, true}, {[]int{huge, 0, huge}, 0, false},
		{[]int{huge}, 0, false}, {[]int{-1}, 0, false}, {[]int{0, -1}, 0, false}, {[]int{1 << 32, 1 << 32}, 0, false},
	} {
		if n, err := NumElements(c.shape); n != c.n || (err == nil) != c.ok {
			t.Errorf("NumElements(%v) = %d, %v", c.shape, n, err)
		}
	}
}

func FuzzFromBytes(f *testing.F) {
	f.Add(uint8(Float32), 2, 1, []byte("12345678"))
	f.Add(uint8(Int4), 3, 1, []byte{0x21, 0xf3})
	f.Add(uint8(Bool), 1, 2, []byte{0, 7})
	f.Fuzz(func(t *testing.T, d uint8, rows, cols int, raw []byte) {
		a, err := FromBytes(DType(d), []int{rows, cols}, raw)
		if err != nil {
			return
		}
		if a.Len() != rows*cols || len(a.Bytes()) != a.DType().ByteLen(a.Len()) {
			t.Fatalf("%v has %d elements in %d bytes", a, a.Len(), len(a.Bytes()))
		}
		if !Equal(a, a.Clone()) {
			t.Fatalf("%v is not its clone", a)
		}
		for i := range a.Len() {
			if v := a.Complex128(i); a.DType() == Bool && v != 0 && v != 1 {
				t.Fatalf("bool %v", v)
			}
		}
	})
}

func TestEmptyAndScalar(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		for _, shape := range [][]int{nil, {0}, {3, 0, 2}, {5}} {
			a := New(d, shape...)
			if !Equal(a, a.Clone()) || a.String() == "" || a.Rank() != len(shape) {
				t.Errorf("%v%v: %v", d, shape, a)
			}
			if p, ok := ParseDType(d.String()); p != d || !ok {
				t.Errorf("ParseDType(%q) = %v", d, p)
			}
			if d == String {
				continue
			}
			b, err := FromBytes(d, shape, a.Bytes())
			if err != nil || !Equal(a, b) {
				t.Errorf("%v%v from bytes: %v, %v", d, shape, b, err)
			}
			for i := range a.Len() {
				a.SetInt64(i, 1)
				if got := a.Complex128(i); got != 1 {
					t.Errorf("%v: stored 1, got %v", d, got)
				}
			}
		}
	}
}

// TestPacked: elements of less than a byte are one stream of bits, low bits first, as ONNX defines it.
func TestPacked(t *testing.T) {
	for d, want := range map[DType][]byte{
		Float6E2M3: {0b10_000001, 0b0011_0000, 0b000100_00, 0b000101}, // codes 1, 2, 3, 4, 5
		Float6E3M2: {0b10_000001, 0b0011_0000, 0b000100_00, 0b000101},
		Float4E2M1: {0x21, 0x43, 0x05}, Uint4: {0x21, 0x43, 0x05}, Int4: {0x21, 0x43, 0x05},
		Uint2: {0b00_11_10_01, 0b01}, Int2: {0b00_11_10_01, 0b01}, // codes 4 and 5 have two bits too many
	} {
		a, b := New(d, 5), New(d, 5)
		for i := range 5 {
			a.setPacked(i, uint8(i+1))
		}
		if string(a.Bytes()) != string(want) {
			t.Errorf("%v: got %08b, want %08b", d, a.Bytes(), want)
		}
		for i := range b.Bytes() {
			b.Bytes()[i] = 0xff
		}
		for _, i := range []int{3, 0, 4, 2, 1} {
			b.CopyElement(i, a, i)
		}
		for i := range 5 {
			if got := b.packed(i); got != uint8(i+1)&(1<<d.Bits()-1) {
				t.Errorf("%v: element %d is %d", d, i, got)
			}
		}
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []struct{ src, want *Tensor }{
		{Must([]float32{1.9, -1.9}, 2), Must([]int32{1, -1}, 2)},
		{Must([]int32{300, -1}, 2), Must([]uint8{44, 255}, 2)},
		{Must([]float64{0, 0.5, -3}, 3), Must([]bool{false, true, true}, 3)},
		{Must([]bool{true, false}, 2), Must([]float32{1, 0}, 2)},
		{Must([]uint64{1<<64 - 1}, 1), Must([]int64{-1}, 1)},
		{Must([]uint64{1<<64 - 1}, 1), Must([]float64{1 << 64}, 1)},
		{Must([]complex64{2 + 3i}, 1), Must([]float32{2}, 1)},
	} {
		got, err := Convert(c.src, c.want.DType())
		if err != nil || !Equal(got, c.want) {
			t.Errorf("Convert(%v) = %v, %v, want %v", c.src, got, err, c.want)
		}
	}
	if _, err := Convert(New(String, 1), Float32); err == nil {
		t.Error("a string became a number")
	}
}
