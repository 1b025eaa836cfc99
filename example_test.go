package gocompile_test

import (
	"context"
	"fmt"
	"log"
	"slices"
	"strings"
	"sync"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// Compile a model once, make a session, run it. This one reads a date character by character and scores, for each place of an ISO
// date, the eleven characters that can stand there.
func Example() {
	model, err := gocompile.Load("examples/dates/lstm/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	about := model.Info().Metadata
	var ids []int64
	for _, c := range "the third of march nineteen ninety nine" {
		ids = append(ids, int64(strings.IndexRune(about["alphabet"], c)))
	}

	session := model.NewSession()
	out, err := session.Run(context.Background(), map[string]tensor.Value{"text": tensor.Must(ids, 1, len(ids))})
	if err != nil {
		log.Fatal(err)
	}

	scores := out["scores"].(*tensor.Tensor) // f32[1, 10, 11]
	for place := range scores.Dim(1) {
		best := 0
		for c := range scores.Dim(2) {
			if scores.Float64(place*scores.Dim(2)+c) > scores.Float64(place*scores.Dim(2)+best) {
				best = c
			}
		}
		fmt.Print(about["digits"][best : best+1])
	}
	// Output: 1999-03-03
}

// Inputs and outputs have names, element types and shapes with named dimensions.
func ExampleModel_Inputs() {
	model, err := gocompile.Load("examples/dates/transformer/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	for _, in := range model.Inputs() {
		fmt.Println(in)
	}
	for _, out := range model.Outputs() {
		fmt.Println(out)
	}
	// Output:
	// text: i64[batch, chars]
	// prefix: i64[batch, n]
	// scores: f32[batch, n, 11]
}

// The memory of a run is known before it, from the sizes of the inputs.
func ExampleModel_Memory() {
	model, err := gocompile.Load("examples/dates/lstm/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	memory, err := model.Memory(map[string]int{"batch": 4, "chars": 40})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("inputs:", memory.Inputs, "bytes")
	fmt.Println("outputs:", memory.Outputs, "bytes")
	fmt.Println("places are shared:", memory.Arena < memory.Values)

	_, err = model.Memory(map[string]int{"batch": 4})
	fmt.Println(err)
	// Output:
	// inputs: 1280 bytes
	// outputs: 1760 bytes
	// places are shared: true
	// no value for dimensions chars (text[1])
}

// A model is shared; every goroutine runs it in a session of its own.
func ExampleModel_NewSession() {
	model, err := gocompile.Load("examples/dates/lstm/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	var group sync.WaitGroup
	shapes := make([][]int, 4)
	for i := range shapes {
		group.Go(func() {
			text := tensor.New(tensor.Int64, i+1, 20)
			out, err := model.NewSession().Run(context.Background(), map[string]tensor.Value{"text": text})
			if err != nil {
				log.Print(err)
				return
			}
			shapes[i] = out["scores"].(*tensor.Tensor).Shape()
		})
	}
	group.Wait()
	fmt.Println(shapes)
	// Output: [[1 10 11] [2 10 11] [3 10 11] [4 10 11]]
}

// A decoder is told each character once: keys and values of those before stay in the Stateful. This one goes on from a date with a way of saying it.
func ExampleModel_NewStateful() {
	model, err := gocompile.Load("examples/say/model.onnx")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	decoder, err := model.NewStateful()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(decoder.States()[0])

	alphabet := model.Info().Metadata["alphabet"]
	var ids []int64
	for _, c := range "1999-03-03:" {
		ids = append(ids, int64(strings.IndexRune(alphabet, c)))
	}
	for {
		out, err := decoder.Step(context.Background(), map[string]tensor.Value{"ids": tensor.Must(ids, 1, len(ids))}, gocompile.LastOnly)
		if err != nil {
			log.Fatal(err)
		}
		scores := tensor.Data[float32](out["logits"].(*tensor.Tensor)) // f32[1, 1, 43]
		best := slices.Index(scores, slices.Max(scores))
		if best == 0 { // the end of the line
			break
		}
		fmt.Print(alphabet[best : best+1])
		ids = []int64{int64(best)}
	}
	fmt.Println()
	fmt.Println(decoder.Len(), "positions")
	// Output:
	// past.0.key ← present.0.key
	// the third of march 1999
	// 34 positions
}

// A dimension that is fixed when the model is compiled becomes a constant of the program.
func ExampleWithDim() {
	model, err := gocompile.Load("examples/dates/lstm/model.onnx", gocompile.WithDim("batch", 1))
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	fmt.Println(model.Inputs()[0])
	// Output: text: i64[1, chars]
}
