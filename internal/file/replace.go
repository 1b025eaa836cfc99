// Package file writes files of programs so that others see them complete or not at all.
package file

import (
	"io"
	"os"
	"path/filepath"
)

// Replace makes fill write a file beside its place, and moves it there when it is complete. If anything fails, what stood at path stays.
func Replace(path string, fill func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
