package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/tensor"
)

// ReadArchive reads the archive (.npz) at path: its arrays, and their names in the
// order of the file, without ".npy". Two arrays of one name are an error.
func ReadArchive(path string) (map[string]*tensor.Tensor, []string, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	arrays := make(map[string]*tensor.Tensor, len(z.File))
	var names []string
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if _, twice := arrays[name]; twice {
			return nil, nil, fmt.Errorf("%s: two arrays are named %q", path, name)
		}
		t, err := readMember(f)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %q: %w", path, name, err)
		}
		arrays[name] = t
		names = append(names, name)
	}
	return arrays, names, nil
}

func readMember(f *zip.File) (*tensor.Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return Read(r)
}

// WriteArchive writes arrays as the archive at path, sorted by name and not
// compressed, whole or not at all.
func WriteArchive(path string, arrays map[string]*tensor.Tensor) error {
	return replace(path, func(w io.Writer) error {
		z := zip.NewWriter(w)
		for _, name := range slices.Sorted(maps.Keys(arrays)) {
			m, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
			if err == nil {
				err = Write(m, arrays[name])
			}
			if err != nil {
				return fmt.Errorf("%q: %w", name, err)
			}
		}
		return z.Close()
	})
}
