package onnxgo_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	gorgonnx "github.com/gocompile/gocompile/frontends/onnx/onnxgo" // was github.com/owulveryck/onnx-go/backend/x/gorgonnx
)

const (
	alphabet = " abcdefghijklmnopqrstuvwxyz0123456789,.-/" // of the example models
	digits   = "0123456789-"
)

// A program for onnx-go, with one import changed.
func Example() {
	backend := gorgonnx.NewGraph()
	model := onnx.NewModel(backend)
	b, err := os.ReadFile("../../../examples/dates/lstm/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	if err := model.UnmarshalBinary(b); err != nil {
		log.Fatal(err)
	}
	text := letters("the third of march nineteen ninety nine")
	if err := model.SetInput(0, tensor.New(tensor.WithShape(1, len(text)), tensor.WithBacking(text))); err != nil {
		log.Fatal(err)
	}
	if err := backend.Run(); err != nil {
		log.Fatal(err)
	}
	output, err := model.GetOutputTensors()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(date(output[0]))
	// Output: 1999-03-03
}

// Decode in place of UnmarshalBinary keeps what the decoder of onnx-go drops, here the version of the operators and the dimension that varies.
func ExampleGraph_Decode() {
	graph := gorgonnx.NewGraph()
	model := onnx.NewModel(graph)
	b, err := os.ReadFile("../../../examples/dates/lstm/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	if err := graph.Decode(model, b); err != nil {
		log.Fatal(err)
	}
	defer graph.Close()
	for _, s := range []string{"3 march 1999", "march the 4th, 2001"} { // one program for both lengths
		text := letters(s)
		if err := model.SetInput(0, tensor.New(tensor.WithShape(1, len(text)), tensor.WithBacking(text))); err != nil {
			log.Fatal(err)
		}
		if err := graph.Run(); err != nil {
			log.Fatal(err)
		}
		output, err := model.GetOutputTensors()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(date(output[0]))
	}
	// Output:
	// 1999-03-03
	// 2001-03-04
}

// letters is the places of the characters of a text in the alphabet.
func letters(text string) []int64 {
	var ids []int64
	for _, c := range text {
		ids = append(ids, int64(strings.IndexRune(alphabet, c)))
	}
	return ids
}

// date is the best character for each of the ten places of a date, from scores [1, 10, 11].
func date(scores tensor.Tensor) string {
	var s strings.Builder
	row := scores.Data().([]float32)
	for range 10 {
		best := 0
		for c := range digits {
			if row[c] > row[best] {
				best = c
			}
		}
		s.WriteByte(digits[best])
		row = row[len(digits):]
	}
	return s.String()
}
