// Package mapped reads files by mapping them into memory, where the system can. Bytes that it returns must not be changed.
package mapped

import (
	"fmt"
	"os"
)

// Open maps the file of a name. The function that it returns ends the mapping.
func Open(name string) ([]byte, func() error, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	return File(f)
}

// File maps an open file, which may be closed afterwards.
func File(f *os.File) ([]byte, func() error, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no regular file", f.Name())
	}
	if info.Size() == 0 {
		return nil, func() error { return nil }, nil
	}
	return file(f, info.Size())
}
