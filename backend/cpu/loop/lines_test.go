package loop

import (
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

func TestFactors(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, op := range []vec.Op{vec.OpSub, vec.OpDiv, vec.OpMax, vec.OpPow} {
		p := &Program{}
		p.Return(p.Combine(op, p.Leaf(), p.Leaf()))
		for _, shape := range [][]int{{40, 33}, {3, 700}, {2, 3, 1, 4, 5}, {3, 1, 513}, {4, 15}, {0, 50}, {9, 16}} {
			rows := 1
			for _, d := range shape[:len(shape)-1] {
				rows *= d
			}
			for range 12 {
				check(t, r, p, shape)
			}
			whole, line := rowMajor(shape), make([]int, len(shape))
			for i := range shape[:len(shape)-1] {
				line[i] = whole[i] / shape[len(shape)-1]
			}
			for i, strides := range [][][]int{{whole, line}, {line, whole}} {
				got := p.Bind(shape, strides).factors
				if long := shape[len(shape)-1] >= leastLine && rows != 1; (got != nil) != long {
					t.Errorf("%v of shape %v, order %d: %v", op, shape, i, got)
				}
			}
		}
	}
}
