//go:build !unix

package mapped

import (
	"io"
	"os"
)

// file reads size bytes of f.
func file(f *os.File, size int64) ([]byte, func() error, error) {
	b := make([]byte, size)
	_, err := io.ReadFull(f, b)
	return b, func() error { return nil }, err
}

// Release does nothing: the memory is not mapped.
func Release([]byte) {}
