package artefact

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func encode(t testing.TB, description string, blobs ...[]byte) []byte {
	var b bytes.Buffer
	if err := Write(&b, []byte(description), blobs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteAndOpen(t *testing.T) {
	blobs := [][]byte{bytes.Repeat([]byte{1, 2, 3}, 100), nil, {7}, bytes.Repeat([]byte{9}, 64)}
	for n := range len(blobs) + 1 {
		name := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(name, encode(t, "what it is", blobs[:n]...), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(f.Description()) != "what it is" || f.Check() != nil {
			t.Errorf("%d blobs: description %q, check: %v", n, f.Description(), f.Check())
		}
		for i, want := range blobs[:n] {
			if got, err := f.Blob(i); err != nil || !bytes.Equal(got, want) {
				t.Errorf("blob %d of %d: %v, %v", i, n, got, err)
			}
		}
		if _, err := f.Blob(n); err == nil {
			t.Errorf("blob %d of %d is there", n, n)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Every change of a byte and every missing end is noticed: of the blobs by Check, of the rest when the file is read. Bytes between blobs count
// for nothing.
func TestDamage(t *testing.T) {
	whole := encode(t, "description", []byte("first blob"), bytes.Repeat([]byte("second"), 20))
	for n := range whole {
		if _, err := Decode(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken", n, len(whole))
		}
	}
	if _, err := Decode(append(slices.Clone(whole), 0)); err == nil {
		t.Error("a byte more is taken")
	}
	good, err := Decode(whole)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		b := slices.Clone(whole)
		b[i] ^= 0x10
		f, err := Decode(b)
		if err == nil {
			err = f.Check()
		}
		same := err == nil && bytes.Equal(f.Description(), good.Description())
		for k := range good.blobs {
			same = same && bytes.Equal(f.blobs[k], good.blobs[k])
		}
		if err == nil && !same {
			t.Errorf("a change of byte %d is not noticed", i)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, "description", []byte("blob"), nil))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := Decode(b); err == nil {
			_ = a.Check()
		}
	})
}
