// Command dates writes dates that are spelled in English as YYYY-MM-DD, with three small models that are part of the program: a
// transformer, an LSTM and a GRU.
//
//	$ dates the third of march nineteen ninety nine
//	transformer  1999-03-03
//	lstm         1999-03-03
//	gru          1999-03-03
//
// Without arguments it reads one date a line from standard input. train.py made the models and says what they read and write.
package main

import (
	"bufio"
	"context"
	"embed"
	"fmt"
	"os"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

//go:embed transformer/model.onnx lstm/model.onnx gru/model.onnx
var files embed.FS

var names = []string{"transformer", "lstm", "gru"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "dates:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var readers []*reader
	for _, name := range names {
		r, err := open(name)
		if err != nil {
			return err
		}
		defer r.model.Close()
		readers = append(readers, r)
	}
	if len(args) > 0 {
		return show(readers, strings.Join(args, " "))
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := show(readers, lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func show(readers []*reader, text string) error {
	for i, r := range readers {
		date, err := r.read(text)
		if err != nil {
			return err
		}
		fmt.Printf("%-12s %s\n", names[i], date)
	}
	return nil
}

// reader is a model with a session to run it in.
type reader struct {
	model    *gocompile.Model
	session  *gocompile.Session
	alphabet string // character i is id i of the input text
	digits   string // character i is id i of what the model writes
	writes   bool   // the model writes one character a run, and is told those that it wrote
}

func open(name string) (*reader, error) {
	m, err := gocompile.LoadFS(files, name+"/model.onnx")
	if err != nil {
		return nil, err
	}
	about := m.Info().Metadata
	return &reader{model: m, session: m.NewSession(), alphabet: about["alphabet"], digits: about["digits"], writes: len(m.Inputs()) == 2}, nil
}

const length = len("1999-03-03")

// read asks the model for the date in a text.
func (r *reader) read(text string) (string, error) {
	ids := r.ids(text)
	inputs := map[string]tensor.Value{"text": tensor.Must(ids, 1, len(ids))}
	if !r.writes {
		scores, err := r.scores(inputs) // [1, 10, digits]
		if err != nil {
			return "", err
		}
		var date strings.Builder
		for i := range length {
			date.WriteByte(r.digits[best(scores, i, len(r.digits))])
		}
		return date.String(), nil
	}
	prefix := []int64{int64(len(r.digits))} // the id that stands before the first character
	for len(prefix) <= length {
		inputs["prefix"] = tensor.Must(prefix, 1, len(prefix))
		scores, err := r.scores(inputs) // [1, len(prefix), digits]
		if err != nil {
			return "", err
		}
		prefix = append(prefix, int64(best(scores, len(prefix)-1, len(r.digits))))
	}
	var date strings.Builder
	for _, id := range prefix[1:] {
		date.WriteByte(r.digits[id])
	}
	return date.String(), nil
}

// ids turns a text into numbers; characters that the model does not know count as spaces.
func (r *reader) ids(text string) []int64 {
	var ids []int64
	for _, c := range strings.ToLower(text) {
		ids = append(ids, int64(max(strings.IndexRune(r.alphabet, c), 0)))
	}
	if ids == nil {
		ids = []int64{0}
	}
	return ids
}

func (r *reader) scores(inputs map[string]tensor.Value) ([]float32, error) {
	out, err := r.session.Run(context.Background(), inputs)
	if err != nil {
		return nil, err
	}
	return tensor.Data[float32](out["scores"].(*tensor.Tensor)), nil
}

// best is the position of the greatest of n scores in a row.
func best(scores []float32, row, n int) int {
	at := 0
	scores = scores[row*n : (row+1)*n]
	for i, s := range scores {
		if s > scores[at] {
			at = i
		}
	}
	return at
}
