package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/cmd/gocompile/viewer"
	"github.com/gocompile/gocompile/passes"
)

// writePage writes the page of inspect --html. The model is imported a second time for the graph before the passes.
func writePage(ctx context.Context, c *cli.Command, t *target, m *gocompile.Model, file string) error {
	before, _, err := t.load(ctx, newProgress(c.Root().ErrWriter), gocompile.WithPasses(passes.Options{}), gocompile.WithoutPasses())
	if err != nil {
		return err
	}
	defer before.Close()
	i := m.Info()
	about := []string{producer(i), fmt.Sprintf("%s nodes", number(int64(i.Nodes)))}
	p := viewer.Page{Title: filepath.Base(filepath.Dir(absolute(t.path))) + "/" + filepath.Base(t.path), About: append(about, prose(t.report.Found())...),
		Before: before.Graph(), After: m.Graph(), Report: t.report}
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	w := bufio.NewWriter(f)
	if err := errors.Join(viewer.Write(w, p), w.Flush(), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.Rename(f.Name(), file)
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}
