package op

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// TestPackedMovement moves elements that share bytes, and the same numbers in f64.
func TestPackedMovement(t *testing.T) {
	i64 := func(v ...int64) *tensor.Tensor { return tensor.Must(v, len(v)) }
	for name, c := range map[string]struct {
		op   ir.Op
		more []tensor.Value
	}{
		"Transpose": {op: &Transpose{Perm: []int{1, 0}}},
		"Reshape":   {op: &Reshape{}, more: []tensor.Value{i64(7, 3)}},
		"Slice":     {op: &Slice{}, more: []tensor.Value{i64(0, 1), i64(3, 6), i64(0, 1), i64(2, 3)}},
		"Gather":    {op: &Gather{Axis: 1}, more: []tensor.Value{i64(5, 0, 3)}},
		"Tile":      {op: &Tile{}, more: []tensor.Value{i64(2, 1)}},
		"Expand":    {op: &Expand{}, more: []tensor.Value{i64(2, 3, 7)}},
		"Where":     {op: &Where{}},
		"Concat":    {op: &Concat{Axis: 1}},
	} {
		for _, d := range []tensor.DType{tensor.Float6E2M3, tensor.Float6E3M2, tensor.Float4E2M1, tensor.Int4, tensor.Uint4, tensor.Int2, tensor.Uint2} {
			t.Run(fmt.Sprint(name, " ", d), func(t *testing.T) {
				x := tensor.New(d, 3, 7)
				for i := range x.Bytes() {
					x.Bytes()[i] = byte(37*i + 11)
				}
				plain, err := tensor.Convert(x, tensor.Float64)
				if err != nil {
					t.Fatal(err)
				}
				run := func(x *tensor.Tensor) *tensor.Tensor {
					in := append([]tensor.Value{x}, c.more...)
					switch name {
					case "Where":
						in = []tensor.Value{tensor.Must([]bool{true, false, true}, 3, 1), x, x}
					case "Concat":
						in = append(in, x)
					}
					y, err := eval(c.op, in...)
					if err != nil {
						t.Fatal(err)
					}
					return y.(*tensor.Tensor)
				}
				got, want := run(x), run(plain)
				if got.DType() != d || !slices.Equal(got.Shape(), want.Shape()) || !slices.Equal(tensor.Float64s(got), tensor.Float64s(want)) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}
