// Command pack writes the archives of the repository from a folder that the scripts beside it filled: one a group, cases in alphabetical order,
// without times or owners, so that equal cases give equal bytes. Cases larger than a bound are left out and named.
//
//	go run ./conformance/pack SUITE conformance/testdata
package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func main() {
	limit := flag.Int("max", 200<<10, "bytes that a case may have, except in the groups node and exporters")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack [-max BYTES] SUITE OUT")
		os.Exit(2)
	}
	for _, group := range []string{"node", "simple", "pytorch-converted", "pytorch-operator", "contrib", "node-old", "ml", "float6", "exporters"} {
		bound := *limit
		if group == "node" || group == "exporters" {
			bound = 1 << 30
		}
		if err := pack(flag.Arg(0), group, bound, filepath.Join(flag.Arg(1), group+".tar.zst")); err != nil {
			fmt.Fprintln(os.Stderr, "pack:", err)
			os.Exit(1)
		}
	}
}

func pack(suite, group string, limit int, name string) error {
	dirs, err := filepath.Glob(filepath.Join(suite, group, "test_*")) // sorted
	if err != nil || len(dirs) == 0 {
		return err
	}
	var buf bytes.Buffer
	z, err := zstd.NewWriter(&buf, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<20))
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	cases := 0
	for _, dir := range dirs {
		files, size, err := list(dir)
		if err != nil {
			return err
		}
		if size > limit {
			fmt.Printf("%s/%s: %d bytes, left out\n", group, filepath.Base(dir), size)
			continue
		}
		cases++
		for _, f := range files {
			rel, err := filepath.Rel(suite, f)
			if err != nil {
				return err
			}
			b, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(rel), Mode: 0o644, Size: int64(len(b)), Format: tar.FormatUSTAR}); err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	fmt.Printf("%s: %d cases, %d bytes\n", name, cases, buf.Len())
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, buf.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// list returns the files of a case in alphabetical order and their size.
func list(dir string) (files []string, size int, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(".onnx.pb.json", filepath.Ext(p)) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files, size = append(files, p), size+int(info.Size())
		return nil
	})
	return files, size, err
}
