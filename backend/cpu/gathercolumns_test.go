package cpu

import (
	"context"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// TestGatherColumns gathers rows of a transposed constant: also of one that a product reads, and that is packed for that.
func TestGatherColumns(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.Int64, tensor.Uint8} {
		for _, ids := range []*tensor.Tensor{tensor.Must([]int64{4, 0, -1, 36, -37, 5}, 2, 3), tensor.Must([]int32{9, -2}, 2), tensor.Must([]int64{9}, 1), tensor.Must([]int64{}, 0, 1), tensor.Scalar(int64(3))} {
			b := newGraphTest(t, 6)
			w := b.g.Const(b.random(d, 20, 37))
			results := b.add(&op.Gather{}, b.add(&op.Transpose{Perm: []int{1, 0}}, w)[0], b.input(ids))
			if d == tensor.Float32 {
				unit := tensor.New(tensor.Float32, 20, 20)
				for i := range 20 {
					unit.SetFloat64(i*21, 1)
				}
				results = append(results, b.add(&op.MatMul{}, b.input(unit), w)[0])
			}
			b.check(results...)
			p, err := Compile(b.g, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Steps()[0]; got.Kernel != "gather columns" || len(got.Nodes) != 2 {
				t.Errorf("%v by %v: the first step is %s of %d nodes", d, ids, got.Kernel, len(got.Nodes))
			}
			bad := slices.Clone(b.in)
			bad[0] = tensor.Must([]int64{37}, 1)
			if ids.DType() == tensor.Int64 && ids.Rank() == 1 {
				if _, err := p.NewSession().Run(context.Background(), bad); err == nil {
					t.Error("an index beyond the columns was accepted")
				}
			}
		}
	}
}
