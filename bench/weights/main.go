// Command weights measures what each format of weights costs in precision, and what it gains, on two models of the zoo, and writes docs/weights.md.
//
//	go run ./bench/weights -zoo DIR [-out docs/weights.md]
//
// DIR/minilm_l6_dynamo and DIR/smollm2_135m_dynamo hold model.onnx. All numbers but times are the same on every run: the inputs are drawn with a seed, and the text
// is written by the language model itself, with its weights as they are.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// formats are those that are compared; the first is the reference, and gives what others are calibrated on.
var formats = []string{"float32", "float16", "bfloat16", "int8", "int8/64", "uint8/64", "int4/128", "int4/64", "int4/32", "uint4/32", "int4/16", "int8/32a8", "int4/32a8",
	"int4/128" + calibrated, "int4/32" + calibrated, "uint4/32" + calibrated}

const calibrated = ", calibrated" // with errors made up for

func main() {
	zoo := flag.String("zoo", "", "the `folder` of models")
	out := flag.String("out", "docs/weights.md", "the `file` that is written")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *zoo, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "weights:", err)
		os.Exit(1)
	}
}

// row is what is measured of a format.
type row struct {
	Format     string
	Embeddings cosines
	Language   language
}

func run(ctx context.Context, zoo, out string) error {
	e, l := &embeddings{lists: drawLists(1, sentences)}, &reader{}
	var rows []row
	for _, format := range formats {
		fmt.Fprintln(os.Stderr, format)
		r := row{Format: format}
		err := with(filepath.Join(zoo, "minilm_l6_dynamo"), format, &e.moments, func(m *gocompile.Model) (err error) {
			r.Embeddings, err = e.measure(ctx, m)
			return err
		})
		if err != nil {
			return err
		}
		err = with(filepath.Join(zoo, "smollm2_135m_dynamo"), format, &l.moments, func(m *gocompile.Model) (err error) {
			r.Language, err = l.measure(ctx, m)
			return err
		})
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	sizes(rows)
	return file.Replace(out, writer(page(rows)))
}

// sizes fills in the memory of matrices that are no integers, from those that are.
func sizes(rows []row) {
	bits := map[string]int64{"float32": 32, "float16": 16, "bfloat16": 16}
	elements := int64(0)
	for _, r := range rows {
		elements = max(elements, r.Language.Elements)
	}
	for i := range rows {
		if n := bits[rows[i].Format]; n > 0 {
			rows[i].Language.Bytes = elements * n / 8
		}
	}
}

// moments of the left operands of matrices, by the name of the matrix.
type moments func(name string) *passes.Moments

// with loads a model with its weights in a format.
func with(folder, format string, m *moments, f func(m *gocompile.Model) error) error {
	name, compensated := strings.CutSuffix(format, calibrated)
	o, err := gocompile.ParseWeights(name)
	if err != nil {
		return err
	}
	if compensated {
		format, err := passes.ParseWeightFormat(name)
		if err != nil {
			return err
		}
		o = gocompile.WithIntegerWeights(passes.WeightOptions{Format: format, Tables: true, Least: 4096, Moments: *m})
	}
	model, err := gocompile.Load(filepath.Join(folder, "model.onnx"), o)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := f(model); err != nil {
		return fmt.Errorf("%s with weights in %s: %w", folder, format, err)
	}
	return nil
}

// sentence is the inputs of a model of tokens, in its order, with empty states.
func sentence(m *gocompile.Model, tokens []int64) ([]tensor.Value, error) {
	var in []tensor.Value
	for _, p := range m.Inputs() {
		shape := []int{1, len(tokens)}
		if rank, _ := p.Type.Rank(); rank == 4 { // a cache that has no positions yet: [1, heads, 0, size]
			heads, known := p.Type.Dims[1].IsConst()
			size, also := p.Type.Dims[3].IsConst()
			if !known || !also {
				return nil, fmt.Errorf("input %v has no known size", p)
			}
			shape = []int{1, int(heads), 0, int(size)}
		}
		x := tensor.New(p.Type.Elem, shape...)
		for i := range x.Len() {
			switch p.Name {
			case "input_ids":
				x.SetInt64(i, tokens[i])
			case "attention_mask":
				x.SetInt64(i, 1)
			case "position_ids":
				x.SetInt64(i, int64(i))
			}
		}
		in = append(in, x)
	}
	return in, nil
}

// momentsOf are those of a model that reads texts.
func momentsOf(ctx context.Context, m *gocompile.Model, texts [][]int64) (moments, error) {
	var sets [][]tensor.Value
	for _, text := range texts {
		in, err := sentence(m, text)
		if err != nil {
			return nil, err
		}
		sets = append(sets, in)
	}
	return m.Moments(ctx, sets)
}
