package file

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	broken := errors.New("broken")
	for _, c := range []struct {
		text string
		fail error
		want string
	}{{"one", nil, "one"}, {"half of tw", broken, "one"}, {"two", nil, "two"}} {
		err := Replace(path, func(w io.Writer) error {
			if _, err := io.WriteString(w, c.text); err != nil {
				return err
			}
			return c.fail
		})
		if !errors.Is(err, c.fail) {
			t.Errorf("error %v, want %v", err, c.fail)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != c.want {
			t.Errorf("the file holds %q, %v, want %q", b, err, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%d files in the folder, %v", len(left), err)
		}
	}
	if err := Replace(filepath.Join(dir, "no", "f"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file in a folder that is not there is written")
	}
}
