package cpu_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func TestPad(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, mode := range []string{"constant", "reflect", "edge", "wrap"} {
		for _, pads := range [][]int64{{0, 0, 0, 0}, {1, 2, 0, 1}, {0, 9, 3, 20}, {-1, 0, 1, -2}, {0, 0, 0, 7}} {
			g := single(t, tensor.Float32, 2, &op.Pad{Mode: mode}, tensor.Must(pads, 4))
			var inputs [][]tensor.Value
			for _, shape := range [][]int{{3, 5}, {1, 40}, {4, 3}, {2, 1}} {
				if int64(shape[0])+pads[0]+pads[2] >= 0 && int64(shape[1])+pads[1]+pads[3] >= 0 {
					inputs = append(inputs, []tensor.Value{odd(r, shape...)})
				}
			}
			agree(t, g, inputs...)
		}
	}
}
