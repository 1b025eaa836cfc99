package generate_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/generate"
)

// A small model says a date in three ways. Its tokens are characters; the first one of its alphabet ends a line.
func Example() {
	model, err := gocompile.Load("../examples/say/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	steps, err := model.NewStateful()
	if err != nil {
		log.Fatal(err)
	}
	decoder, err := generate.NewDecoder(steps)
	if err != nil {
		log.Fatal(err)
	}

	alphabet := model.Info().Metadata["alphabet"]
	var prompt []int64
	for _, c := range "1969-07-21:" {
		prompt = append(prompt, int64(strings.IndexRune(alphabet, c)))
	}
	g := generate.New(decoder, generate.Options{Temperature: 0.7, TopP: 0.9, Stop: []int64{0}, MaxTokens: 60})
	for range 3 {
		for token, err := range g.Tokens(context.Background(), prompt) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(alphabet[token.ID : token.ID+1])
		}
		fmt.Printf(" (%v)\n", g.Reason())
		if err := g.Truncate(len("1969-07-21:")); err != nil { // the date need not be read again
			log.Fatal(err)
		}
		prompt = nil
	}
	// Output:
	// 1969 july 21 (stop token)
	// 1969-07-21 (stop token)
	// the 21st of july nineteen sixty nine (stop token)
}

// Three dates are said together: each step takes one character of all three.
func ExampleGroup() {
	model, err := gocompile.Load("../examples/say/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	batch, err := model.NewBatch()
	if err != nil {
		log.Fatal(err)
	}
	group, err := generate.NewGroup(batch)
	if err != nil {
		log.Fatal(err)
	}

	alphabet := model.Info().Metadata["alphabet"]
	var all []*generate.Generator
	said := map[*generate.Generator]string{}
	for _, date := range []string{"1969-07-21:", "1999-12-31:", "2026-02-03:"} {
		var prompt []int64
		for _, c := range date {
			prompt = append(prompt, int64(strings.IndexRune(alphabet, c)))
		}
		g := generate.New(group.NewMember(), generate.Options{Stop: []int64{0}, MaxTokens: 60})
		if err := group.Join(g, prompt); err != nil { // others could join while these go on
			log.Fatal(err)
		}
		all = append(all, g)
	}
	for event, err := range group.Tokens(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		if !event.Silent {
			said[event.Generator] += alphabet[event.Token.ID : event.Token.ID+1]
		}
	}
	for _, g := range all {
		fmt.Println(said[g])
	}
	// Output:
	// the twenty first of july 1969
	// the thirty first of december 1999
	// the third of february 2026
}
