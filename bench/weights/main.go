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

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/file"
)

// formats are those that are compared; the first is the reference.
var formats = []string{"float32", "float16", "bfloat16", "int8", "int8/64", "uint8/64", "int4/128", "int4/64", "int4/32", "uint4/32", "int4/16"}

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
	var lists [][]int64
	var right [][]float32
	var texts *texts
	var rows []row
	for _, format := range formats {
		fmt.Fprintln(os.Stderr, format)
		r := row{Format: format}
		err := with(filepath.Join(zoo, "minilm_l6_dynamo"), format, func(m *gocompile.Model) error {
			if lists == nil {
				lists = drawLists()
			}
			got, err := embed(ctx, m, lists)
			if err != nil {
				return err
			}
			if right == nil {
				right = got
			}
			r.Embeddings = compareEmbeddings(got, right)
			return nil
		})
		if err != nil {
			return err
		}
		err = with(filepath.Join(zoo, "smollm2_135m_dynamo"), format, func(m *gocompile.Model) error {
			if texts == nil {
				if texts, err = write(ctx, m); err != nil {
					return err
				}
			}
			r.Language, err = read(ctx, m, texts)
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

// with loads a model with its weights in a format.
func with(folder, format string, f func(m *gocompile.Model) error) error {
	o, err := gocompile.ParseWeights(format)
	if err != nil {
		return err
	}
	m, err := gocompile.Load(filepath.Join(folder, "model.onnx"), o)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := f(m); err != nil {
		return fmt.Errorf("%s with weights in %s: %w", folder, format, err)
	}
	return nil
}
