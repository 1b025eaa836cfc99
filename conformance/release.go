package conformance

import (
	"archive/zip"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Release is an earlier release of ONNX with the cases that its wheel holds as files.
type Release struct {
	Name  string // such as 1.16.2
	Cases []*Case
}

// ReadReleases reads all wheels DIR/onnx-*.whl, the oldest release first. Releases from 1.23 on hold no cases of single operators.
func ReadReleases(dir string) ([]Release, error) {
	names, err := filepath.Glob(filepath.Join(dir, "onnx-*.whl"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no wheel onnx-*.whl in %s", dir)
	}
	var all []Release
	for _, name := range names {
		cases, err := readWheel(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, Release{Name: strings.Split(filepath.Base(name), "-")[1], Cases: cases})
	}
	sort.Slice(all, func(i, j int) bool { return slices.Compare(version(all[i].Name), version(all[j].Name)) < 0 })
	return all, nil
}

func version(name string) []int {
	var v []int
	for _, part := range strings.Split(name, ".") {
		n, _ := strconv.Atoi(part)
		v = append(v, n)
	}
	return v
}

// readWheel reads the groups that have a folder a case.
func readWheel(name string) ([]*Case, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var found collector
	for _, f := range z.File {
		path, ok := strings.CutPrefix(f.Name, "onnx/backend/test/data/")
		group, rest, _ := strings.Cut(path, "/")
		if !ok || !slices.Contains([]string{"node", "simple", "pytorch-converted", "pytorch-operator"}, group) || !strings.HasPrefix(rest, "test_") || strings.HasSuffix(rest, "/") {
			continue
		}
		err := found.add(path, func() ([]byte, error) {
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return io.ReadAll(r)
		})
		if err != nil {
			return nil, err
		}
	}
	return found.sorted()
}
