package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/cmd/gocompile/viewer"
	files "github.com/gocompile/gocompile/internal/file"
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
	err = files.Replace(file, func(f io.Writer) error {
		w := bufio.NewWriter(f)
		return errors.Join(viewer.Write(w, p), w.Flush())
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}
