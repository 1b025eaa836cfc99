// Command say says dates in English, with a small language model that is part of the program.
//
//	$ say 1999-03-03
//	the third of march 1999
//	$ say -ways 3 1969-07-21
//	the twenty first of july 1969
//	21.7.1969
//	jul. twenty-first nineteen sixty nine
//
// The model writes character by character and remembers the keys and values of those before. train.py made it and says what it reads and writes.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/generate"
)

//go:embed model.onnx
var files embed.FS

func main() {
	ways := flag.Int("ways", 0, "say each date in `N` ways drawn at random, instead of the most probable one")
	seed := flag.Uint64("seed", 1, "seed of the draws")
	flag.Parse()
	if err := run(flag.Args(), *ways, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "say:", err)
		os.Exit(1)
	}
}

func run(dates []string, ways int, seed uint64) error {
	model, err := gocompile.LoadFS(files, "model.onnx")
	if err != nil {
		return err
	}
	defer model.Close()
	for _, date := range dates {
		s, err := newSpeaker(model)
		if err != nil {
			return err
		}
		if err := s.say(context.Background(), date, ways, seed); err != nil {
			return err
		}
	}
	return nil
}

// speaker writes lines with the model.
type speaker struct {
	alphabet string // character i is id i; the first one ends a line
	source   *generate.Decoder
}

func newSpeaker(model *gocompile.Model) (*speaker, error) {
	steps, err := model.NewStateful()
	if err != nil {
		return nil, err
	}
	source, err := generate.NewDecoder(steps)
	return &speaker{alphabet: model.Info().Metadata["alphabet"], source: source}, err
}

// say prints a date in words as they are written.
func (s *speaker) say(ctx context.Context, date string, ways int, seed uint64) error {
	o := generate.Options{Stop: []int64{0}, MaxTokens: 100, Seed: seed}
	if ways > 0 {
		o.Temperature = 1
	}
	g := generate.New(s.source, o)
	prompt := s.ids(date + ":")
	for range max(1, ways) {
		for token, err := range g.Tokens(ctx, prompt) {
			if err != nil {
				return err
			}
			fmt.Print(s.alphabet[token.ID : token.ID+1])
		}
		fmt.Println()
		if err := g.Truncate(len(s.ids(date + ":"))); err != nil { // the date need not be read again
			return err
		}
		prompt = nil
	}
	return nil
}

// ids turns a text into numbers; characters that the model does not know are spaces.
func (s *speaker) ids(text string) []int64 {
	var ids []int64
	for _, c := range strings.ToLower(text) {
		i := strings.IndexRune(s.alphabet, c)
		if i < 0 {
			i = 1
		}
		ids = append(ids, int64(i))
	}
	return ids
}
