package picture

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goldenJPEG are files by name and what libjpeg makes of them, as testdata/jpeg.py writes them.
func goldenJPEG(t testing.TB) map[string][2][]byte {
	names, err := filepath.Glob("testdata/*.jpg")
	if err != nil || len(names) == 0 {
		t.Fatal("no pictures in testdata", err)
	}
	found := map[string][2][]byte{}
	for _, name := range names {
		var pair [2][]byte
		for i, f := range []string{name, strings.TrimSuffix(name, "jpg") + "rgb"} {
			if pair[i], err = os.ReadFile(f); err != nil {
				t.Fatal(err)
			}
		}
		found[filepath.Base(name)] = pair
	}
	return found
}

func TestJPEG(t *testing.T) {
	for name, pair := range goldenJPEG(t) {
		p, err := Decode(pair[0])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(p.Pix, pair[1]) {
			t.Errorf("%s: other pixels than libjpeg's", name)
		}
	}
}

// TestJPEGBroken: files that are cut or changed give an error or another picture, and never a panic.
func TestJPEGBroken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, pair := range goldenJPEG(t) {
		for n := range pair[0] {
			p, err := decodeJPEG(pair[0][:n:n])
			if err == nil && n < 100 {
				t.Errorf("%s: the first %d bytes are a picture", name, n)
			}
			if err == nil && len(p.Pix) != len(pair[1]) {
				t.Errorf("%s: the first %d bytes give %d × %d pixels", name, n, p.Width, p.Height)
			}
			bad := slices.Clone(pair[0])
			bad[n] ^= byte(1 + r.IntN(255))
			if _, err := Decode(bad); err != nil && strings.Contains(err.Error(), "internal") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestJPEGHuge: what a header claims allocates nothing that the rest of the file cannot fill.
func TestJPEGHuge(t *testing.T) {
	file := slices.Clone(goldenJPEG(t)["sequential-420.jpg"][0])
	at := bytes.Index(file, []byte("\xff\xc0")) + 5
	copy(file[at:], "\x20\x00\x20\x00") // 8192 × 8192
	if n := testing.AllocsPerRun(1, func() {
		if _, err := decodeJPEG(file); !errors.Is(err, errShort) {
			t.Errorf("got %v", err)
		}
	}); n > 100 {
		t.Errorf("%v allocations", n)
	}
	copy(file[at:], "\xff\xff\xff\xff")
	if _, err := decodeJPEG(file); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// TestJPEGOther: what is left to image/jpeg is decoded too.
func TestJPEGOther(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 9, 9))
	for i := range m.Pix {
		m.Pix[i] = byte(3 * i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	arithmetic := bytes.Replace(b.Bytes(), []byte("\xff\xc0"), []byte("\xff\xc9"), 1)
	if _, err := decodeJPEG(arithmetic); !errors.Is(err, errOther) {
		t.Errorf("got %v", err)
	}
	if _, err := Decode(arithmetic); err == nil {
		t.Error("arithmetic coding is decoded")
	}
}

// TestIDCT compares with the sum that defines the transform; the integers may be off by one.
func TestIDCT(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	quant := &[64]uint16{}
	for i := range quant {
		quant[i] = uint16(1 + r.IntN(8))
	}
	scale := func(k int) float64 {
		if k == 0 {
			return math.Sqrt(0.125)
		}
		return 0.5
	}
	for range 200 {
		var block [64]int16
		for range r.IntN(12) {
			block[r.IntN(64)] = int16(r.IntN(61) - 30)
		}
		var out [64]byte
		idct(out[:], 8, block[:], quant)
		for y := range 8 {
			for x := range 8 {
				want := 128.0
				for k, c := range block {
					u, v := k%8, k/8
					want += float64(c) * float64(quant[k]) * scale(u) * scale(v) * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
				}
				want = max(0, min(want, 255))
				if got := float64(out[8*y+x]); math.Abs(got-want) > 1 {
					t.Fatalf("(%d, %d) of %v is %v, want %.2f", x, y, block, got, want)
				}
			}
		}
	}
}
