package npy

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

func TestReadsNumPy(t *testing.T) {
	arrays, names, err := ReadArchive("testdata/arrays.npz")
	if err != nil || len(names) != 20 || names[0] != "lei2" {
		t.Fatal(names, err)
	}
	for name, a := range arrays {
		if a.Rank() != 2 || a.Dim(0) != 2 || a.Dim(1) != 3 {
			t.Fatalf("%s: %v", name, a)
		}
		for i := range 6 {
			switch {
			case a.DType() == tensor.String:
				if got := a.Strings()[i]; got != fmt.Sprint(i) {
					t.Errorf("%s[%d] = %q", name, i, got)
				}
			case a.DType() == tensor.Bool:
				if got := a.Float64(i); got != float64(min(i, 1)) {
					t.Errorf("%s[%d] = %v", name, i, got)
				}
			default:
				if got := a.Complex128(i); got != complex(float64(i), 0) {
					t.Errorf("%s[%d] = %v", name, i, got)
				}
			}
		}
	}
}

func samples() map[string]*tensor.Tensor {
	m := map[string]*tensor.Tensor{
		"text":   tensor.Must([]string{"", "ä€𝄞", "a\x00b"}, 3),
		"scalar": tensor.Scalar(float32(1.5)),
		"none":   tensor.New(tensor.String, 0, 3),
	}
	for _, d := range codes {
		a := tensor.New(d, 2, 1, 2)
		for i := range a.Len() {
			a.SetComplex128(i, complex(float64(i), 0))
		}
		m[d.String()] = a
		m[d.String()+"-empty"] = tensor.New(d, 3, 0)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	dir, want := t.TempDir(), samples()
	path := filepath.Join(dir, "a.npz")
	if err := WriteArchive(path, want); err != nil {
		t.Fatal(err)
	}
	got, names, err := ReadArchive(path)
	if err != nil || len(names) != len(want) {
		t.Fatal(names, err)
	}
	for name, a := range want {
		if !tensor.Equal(a, got[name]) {
			t.Errorf("%s: %v, want %v", name, got[name], a)
		}
		file := filepath.Join(dir, "a.npy")
		if err := WriteFile(file, a); err != nil {
			t.Fatal(err)
		}
		if b, err := ReadFile(file); err != nil || !tensor.Equal(a, b) {
			t.Errorf("%s: %v, want %v (%v)", name, b, a, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	for d, use := range map[tensor.DType]string{tensor.BFloat16: "f32", tensor.Int4: "i8", tensor.Uint2: "u8"} {
		err := WriteFile(filepath.Join(t.TempDir(), "x.npy"), tensor.New(d, 2))
		if err == nil || !strings.Contains(err.Error(), use) {
			t.Errorf("%v: %v", d, err)
		}
	}
	for _, c := range []struct{ descr, shape, want string }{
		{"<f4", "1000000000000,", "takes"}, {"<f4", "9999999999,9999999999", "too many"},
		{"<U0", "1000000000,", "width 0"}, {"<U268435455", "4294967296,", "takes"},
		{"|O", "1,", "Python objects"}, {"<M8", "1,", "not supported"}, {"<f4", "99999999999999999999,", "dimension"},
	} {
		if _, err := Read(bytes.NewReader(file(c.descr, c.shape))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s (%s): %v, want %q", c.descr, c.shape, err, c.want)
		}
	}
}

// file returns an array file of 8 bytes of data with an honest frame.
func file(descr, shape string) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': True, 'shape': (%s), }\n", descr, shape)
	return []byte(magic + "\x01\x00" + string([]byte{byte(len(text)), 0}) + text + "12345678")
}

func FuzzRead(f *testing.F) {
	f.Add(file("<f4", "2,"))
	f.Add(file(">U1", "1,2"))
	f.Add(file("<U0", "3,"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var w bytes.Buffer
		if err := Write(&w, a); err != nil {
			return // strings that are not UTF-8
		}
		if b, err := Read(&w); err != nil || !tensor.Equal(a, b) {
			t.Fatalf("%v became %v: %v", a, b, err)
		}
	})
}
