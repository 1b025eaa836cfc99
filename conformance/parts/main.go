// Command parts optimises every model of a folder and writes the table docs/passes.md: what the passes found of what there is, next to what the optimiser
// of onnxruntime fuses.
//
//	go run ./conformance/parts -zoo DIR [-python 'python3'] [-o docs/passes.md]
//
// DIR/NAME holds model.onnx. It runs in the root of the repository; Python has onnx and onnxruntime as conformance/fusions.py needs them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

func main() {
	zoo := flag.String("zoo", "", "the `folder` of models")
	python := flag.String("python", "python3", "the `command` that runs Python; empty: without onnxruntime")
	parts := flag.String("parts", "conformance/testdata/parts/zoo.txt", "the `file` that says what is in each model")
	out := flag.String("o", "docs/passes.md", "the `page` to write")
	flag.Parse()
	if err := run(*zoo, *python, *parts, *out); err != nil {
		fmt.Fprintln(os.Stderr, "parts:", err)
		os.Exit(1)
	}
}

// row is a model.
type row struct {
	name   string
	parts  conformance.Parts // by architecture
	ours   *conformance.Optimised
	theirs fusions
}

func run(zoo, python, parts, out string) error {
	f, err := os.Open(parts)
	if err != nil {
		return err
	}
	defer f.Close()
	all, err := conformance.ReadParts(f)
	if err != nil {
		return fmt.Errorf("%s: %w", parts, err)
	}
	var rows []row
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r, err := optimise(zoo, name, all[name])
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(os.Stderr, "%-30s is not in %s\n", name, zoo)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(os.Stderr, "%-30s %s\n", name, r.ours.Parts())
		rows = append(rows, r)
	}
	if python != "" {
		if err := askOnnxruntime(strings.Fields(python), zoo, rows); err != nil {
			return err
		}
	}
	growth, err := measureGrowth()
	if err != nil {
		return err
	}
	if err := os.WriteFile(out+".tmp", []byte(page(rows, growth)), 0o644); err != nil {
		return err
	}
	return os.Rename(out+".tmp", out)
}

const repeats = 5 // of which the fastest counts

func optimise(zoo, name string, parts conformance.Parts) (row, error) {
	r := row{name: name, parts: parts}
	f, err := proto.Open(filepath.Join(zoo, name, "model.onnx"))
	if err != nil {
		return r, err
	}
	defer f.Close()
	r.ours, err = fastest(f.Model)
	return r, err
}

// fastest optimises a model several times and keeps the shortest times.
func fastest(m *proto.Model) (*conformance.Optimised, error) {
	var best *conformance.Optimised
	for range repeats {
		o, err := conformance.Optimise(m)
		if err != nil {
			return nil, err
		}
		if best == nil || o.Import+o.Run < best.Import+best.Run {
			best = o
		}
	}
	return best, nil
}

// point is a model made of so many equal blocks.
type point struct {
	nodes            int
	imported, passes time.Duration
}

// measureGrowth optimises models made of equal blocks, up to 100,000 nodes.
func measureGrowth() ([]point, error) {
	var points []point
	for _, blocks := range []int{13, 127, 1266} {
		o, err := fastest(tower(blocks))
		if err != nil {
			return nil, err
		}
		if got := o.Parts()["attention"]; got != blocks || len(o.Missed) > 0 {
			return nil, fmt.Errorf("%d blocks: %d attention, missed %v", blocks, got, o.Missed)
		}
		points = append(points, point{o.Nodes, o.Import, o.Run})
	}
	return points, nil
}
