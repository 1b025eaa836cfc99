package jpeg2000

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// files are those of testdata by name.
func files(t testing.TB) map[string][]byte {
	names, err := filepath.Glob("testdata/*.j*2*")
	if err != nil || len(names) == 0 {
		t.Fatal("no pictures in testdata", err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		if found[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// decodeSmall decodes pictures that are not large, and checks what comes out.
func decodeSmall(t testing.TB, data []byte) error {
	f, err := Open(data)
	if err != nil {
		return err
	}
	if f.Width > 1<<16/f.Height {
		return errors.New("too large for a test")
	}
	m, err := f.Decode()
	if err != nil {
		return err
	}
	if n := len(m.Components); n != 1 && n != 3 || (n == 1) != (m.Space == Gray) {
		t.Errorf("%d components of space %d", n, m.Space)
	}
	for _, c := range m.Components {
		if len(c.Samples) != c.Width*c.Height || c.Width < 1 || c.Height < 1 || slices.Max(c.Samples) > 1<<c.Depth-1 {
			t.Errorf("%d × %d samples of %d bits: %d, at most %d", c.Width, c.Height, c.Depth, len(c.Samples), slices.Max(c.Samples))
		}
		if c.Column(m.Width-1) >= c.Width || len(c.Row(m.Height-1)) != c.Width {
			t.Errorf("%d × %d samples for %d × %d pixels", c.Width, c.Height, m.Width, m.Height)
		}
	}
	return nil
}

// TestBroken: files that are cut give an error, but for the last marker; those that are changed an error or another picture, and never a panic.
func TestBroken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, data := range files(t) {
		for n := range data {
			if err := decodeSmall(t, data[:n:n]); err == nil && n < len(data)-2 {
				t.Errorf("%s: the first %d of %d bytes are a picture", name, n, len(data))
			}
			bad := slices.Clone(data)
			bad[n] ^= byte(1 + r.IntN(255))
			decodeSmall(t, bad)
		}
	}
}

// TestRefused: what is not supported is told from what is broken.
func TestRefused(t *testing.T) {
	gray := files(t)["gray.j2k"]
	for _, c := range []struct {
		name        string
		at          int
		value       string
		unsupported bool
	}{
		{"38 bits a sample", 42, "\x25", true},
		{"no sample", 43, "\x00", false},
		{"tiles of no size", 24, "\x00\x00\x00\x00", false},
		{"tiles of one pixel of a large picture", 8, "\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01", false},
		{"coordinates of 32 bits", 8, "\xff\xff\xff\xff", true},
		{"another coder", 57, "\x40", true},
		{"33 levels", 54, "\x21", false},
		{"large code-blocks", 55, "\x06\x06", false},
	} {
		data := slices.Clone(gray)
		copy(data[c.at:], c.value)
		if err := decodeSmall(t, data); err == nil || errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { decodeSmall(t, data) })
}
