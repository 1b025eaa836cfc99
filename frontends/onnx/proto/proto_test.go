package proto

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocompile/gocompile/tensor"
)

// sample has every message once.
func sample() *Model {
	info := &ValueInfo{Name: "x", Type: &Type{Kind: TypeTensor, Elem: 1, HasShape: true, Dims: []Dim{{Param: "N"}, {HasValue: true, Value: 2}}}}
	body := &Graph{Name: "body", Nodes: []*Node{{OpType: "Neg", Inputs: []string{"x"}, Outputs: []string{"z"}}}}
	weight := FromTensor("w", tensor.Must([]float32{1, -2}, 2))
	return &Model{IRVersion: 10, ProducerName: "test", ModelVersion: 3, OpsetImports: []OperatorSet{{Version: 20}, {Domain: "d", Version: 1}},
		Metadata: []StringPair{{"key", "value"}},
		Graph: &Graph{Name: "main", Inputs: []*ValueInfo{info}, Outputs: []*ValueInfo{{Name: "y", Type: &Type{Kind: TypeSequence, Item: info.Type}}},
			Initializers: []*Tensor{weight},
			Nodes: []*Node{{OpType: "F", Domain: "d", Overload: "o", Name: "n", Inputs: []string{"x", "", "w"}, Outputs: []string{"y"}, Attributes: []*Attribute{
				{Name: "f", Type: AttrFloat, F: 1.5}, {Name: "i", Type: AttrInt, I: -7}, {Name: "s", Type: AttrString, S: []byte("text")},
				{Name: "t", Type: AttrTensor, T: weight}, {Name: "g", Type: AttrGraph, G: body},
				{Name: "fs", Type: AttrFloats, Floats: []float32{1, 2}}, {Name: "is", Type: AttrInts, Ints: []int64{3, -4}},
			}}}},
		Functions: []*Function{{Name: "F", Domain: "d", Overload: "o", Nodes: body.Nodes, OpsetImports: []OperatorSet{{Version: 20}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	first := sample().Encode()
	m, err := Decode(first)
	if err != nil {
		t.Fatal(err)
	}
	if again := m.Encode(); !reflect.DeepEqual(again, first) {
		t.Error("decoded and encoded again, the file differs")
	}
	a := m.Graph.Nodes[0].Attributes
	if len(a) != 7 || a[0].F != 1.5 || a[1].I != -7 || string(a[2].S) != "text" || a[4].G.Nodes[0].OpType != "Neg" || a[6].Ints[1] != -4 {
		t.Errorf("attributes are %+v", a)
	}
	if m.Graph.Inputs[0].Type.Dims[0].Param != "N" || m.Functions[0].Overload != "o" || m.Metadata[0].Value != "value" {
		t.Error("a dimension, a function or metadata got lost")
	}
}

// TestWriteTo writes long weights, also in bodies and attributes, as Encode does.
func TestWriteTo(t *testing.T) {
	m := sample()
	weight := func(n int) *Tensor { return FromTensor("w", tensor.New(tensor.Float32, n)) }
	m.Graph.Initializers = append(m.Graph.Initializers, weight(5000), weight(3), weight(2000))
	for _, a := range m.Graph.Nodes[0].Attributes {
		switch {
		case a.T != nil:
			a.T = weight(3000)
		case a.G != nil:
			a.G.Initializers = []*Tensor{weight(4000)}
		}
	}
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) || !bytes.Equal(b.Bytes(), m.Encode()) {
		t.Fatalf("%d bytes were written, %d counted, %d encoded: %v", b.Len(), n, len(m.Encode()), err)
	}
	back, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got := []int{len(back.Graph.Initializers[1].Raw), len(back.Graph.Initializers[3].Raw)}
	for _, a := range back.Graph.Nodes[0].Attributes {
		if a.G != nil {
			got = append(got, len(a.G.Initializers[0].Raw))
		}
	}
	if !slices.Equal(got, []int{20000, 8000, 16000}) {
		t.Errorf("weights have %v bytes", got)
	}
}

// TestBroken: files that are cut or changed give an error or another model, and never a panic.
func TestBroken(t *testing.T) {
	good := sample().Encode()
	for n := range good {
		if _, err := Decode(good[:n:n]); err == nil && n < 10 && n > 0 && good[n-1]&0x80 != 0 {
			t.Errorf("the first %d bytes decode", n)
		}
		for bit := range 8 {
			bad := append([]byte(nil), good...)
			bad[n] ^= 1 << bit
			if m, err := Decode(bad); err == nil && m.Graph != nil {
				for _, w := range m.Graph.Initializers {
					m.Tensor(w)
				}
			}
		}
	}
}

// TestHuge: what a file claims allocates nothing before it is checked.
func TestHuge(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range []struct {
		t    Tensor
		want string
	}{
		{Tensor{Dims: []int64{1 << 40}, DataType: 1, HasRaw: true, Raw: []byte{1, 2, 3, 4}}, "4"},
		{Tensor{Dims: []int64{1 << 30, 1 << 30, 1 << 30}, DataType: 1, HasRaw: true}, ""},
		{Tensor{Dims: []int64{-1}, DataType: 1}, "dimension 0 is -1"},
		{Tensor{Dims: []int64{1 << 30}, DataType: 1, Floats: []float32{1}}, "float_data"},
		{Tensor{Dims: []int64{2}, DataType: 99, HasRaw: true}, "element type 99"},
		{Tensor{Dims: []int64{2}, DataType: 1, HasSegment: true}, "segmented"},
		{Tensor{Dims: []int64{2}, DataType: 1, IsExternal: true}, "another file"},
	} {
		_, err := c.t.Tensor()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want an error with %q", c.t.Dims, err, c.want)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// TestUnaligned: raw data may start anywhere.
func TestUnaligned(t *testing.T) {
	for shift := range 8 {
		raw := make([]byte, shift+16)
		for i, x := range []float64{math.Pi, -1} {
			binary.LittleEndian.PutUint64(raw[shift+8*i:], math.Float64bits(x))
		}
		x, err := (&Tensor{Dims: []int64{2}, DataType: int32(tensor.Float64), HasRaw: true, Raw: raw[shift:]}).Tensor()
		if err != nil {
			t.Fatal(err)
		}
		if got := tensor.Data[float64](x); got[0] != math.Pi || got[1] != -1 {
			t.Errorf("shifted by %d: %v", shift, got)
		}
	}
}

// external is a model whose weight lies in another file.
func external(pairs ...StringPair) []byte {
	m := sample()
	m.Graph.Initializers = []*Tensor{{Name: "w", Dims: []int64{2}, DataType: 1, IsExternal: true, External: pairs}}
	return m.Encode()
}

func TestExternal(t *testing.T) {
	dir := t.TempDir()
	data := []byte{0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64}
	sum := sha1.Sum(data)
	for name, b := range map[string][]byte{"model/w.bin": data, "secret.bin": data} {
		f := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	links := os.Symlink(filepath.Join("..", "secret.bin"), filepath.Join(dir, "model", "link.bin")) == nil
	at := func(location string, more ...StringPair) []StringPair {
		return append([]StringPair{{"location", location}}, more...)
	}
	for _, c := range []struct {
		pairs []StringPair
		want  string // in the error; empty: it is read
	}{
		{at("w.bin", StringPair{"offset", "4"}, StringPair{"length", "8"}), ""},
		{at("w.bin", StringPair{"offset", "4"}), ""},
		{at("w.bin", StringPair{"offset", "4"}, StringPair{"checksum", hex.EncodeToString(sum[:])}), ""},
		{at("w.bin", StringPair{"offset", "4"}, StringPair{"checksum", "00"}), "checksum"},
		{at("w.bin", StringPair{"offset", "8"}, StringPair{"length", "8"}), "not within"},
		{at("w.bin", StringPair{"offset", "-4"}), "not within"},
		{at("w.bin", StringPair{"offset", "four"}), "no number"},
		{at("w.bin"), "8 bytes"},
		{at("absent.bin"), "absent.bin"},
		{at("../secret.bin"), "leaves"},
		{at("a/../../secret.bin"), "leaves"},
		{at(filepath.Join(dir, "secret.bin")), "leaves"},
		{at("link.bin", StringPair{"offset", "4"}), "link.bin"},
		{nil, "no location"},
	} {
		if len(c.pairs) > 0 && c.pairs[0].Value == "link.bin" && !links {
			continue
		}
		file := filepath.Join(dir, "model", "model.onnx")
		if err := os.WriteFile(file, external(c.pairs...), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		x, err := f.Tensor(f.Graph.Initializers[0])
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v: %v", c.pairs, err)
		case c.want == "" && (x.Float64(0) != 1 || x.Float64(1) != 2):
			t.Errorf("%v: got %v", c.pairs, x)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: got %v, want an error with %q", c.pairs, err, c.want)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestExternalFS(t *testing.T) {
	fsys := fstest.MapFS{"dir/m.onnx": {Data: external(StringPair{"location", "w.bin"})}, "dir/w.bin": {Data: []byte{0, 0, 128, 63, 0, 0, 0, 64}}}
	f, err := OpenFS(fsys, "dir/m.onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if x, err := f.Tensor(f.Graph.Initializers[0]); err != nil || x.Float64(1) != 2 {
		t.Errorf("got %v, %v", x, err)
	}
	if m, err := Decode(fsys["dir/m.onnx"].Data); err != nil {
		t.Fatal(err)
	} else if _, err := m.Tensor(m.Graph.Initializers[0]); err == nil || !strings.Contains(err.Error(), "not opened from a file") {
		t.Errorf("a model from bytes gives %v", err)
	}
}

// TestInt32Data reads element types of less than a byte from int32_data: a byte of packed elements each, but one element of 6 bits each.
func TestInt32Data(t *testing.T) {
	for _, c := range []struct {
		d     tensor.DType
		ints  []int32
		want  []float64
		error bool
	}{
		{tensor.Float4E2M1, []int32{0x21, 0x07}, []float64{0.5, 1, 6}, false},
		{tensor.Int4, []int32{0xf1, 0x08}, []float64{1, -1, -8}, false},
		{tensor.Uint2, []int32{0b111001}, []float64{1, 2, 3}, false},
		{tensor.Float6E2M3, []int32{0x01, 0x1f, 0x20}, []float64{0.125, 7.5, 0}, false},
		{tensor.Float6E3M2, []int32{0x01, 0x1f, 0x3f}, []float64{0.0625, 28, -28}, false},
		{tensor.Float6E3M2, []int32{0x01, 0x1f}, nil, true},
	} {
		x, err := (&Tensor{Dims: []int64{3}, DataType: int32(c.d), Int32s: c.ints}).Tensor()
		if c.error {
			if err == nil || !strings.Contains(err.Error(), "needs 3 elements in int32_data, got 2") {
				t.Errorf("%v of %d: %v", c.d, len(c.ints), err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(tensor.Float64s(x), c.want) {
			t.Errorf("%v: got %v, %v, want %v", c.d, x, err, c.want)
		}
	}
}

// TestSparsePacked: the elements of a sparse tensor may share bytes.
func TestSparsePacked(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float4E2M1, tensor.Float6E2M3, tensor.Int4} {
		values := tensor.New(d, 2)
		values.SetFloat64(0, 1.5)
		values.SetFloat64(1, -2)
		s := &SparseTensor{Values: FromTensor("v", values), Indices: FromTensor("i", tensor.Must([]int64{4, 1}, 2)), Dims: []int64{5}}
		x, err := (&Model{}).Dense(s)
		if err != nil {
			t.Fatal(err)
		}
		if x.Float64(4) != values.Float64(0) || x.Float64(1) != -2 || x.Float64(0) != 0 {
			t.Errorf("%v: got %v", d, x)
		}
	}
}
