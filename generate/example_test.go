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
