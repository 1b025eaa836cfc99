package passes_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/passes"
)

// TestPhases takes transposed convolutions of many sizes apart.
func TestPhases(t *testing.T) {
	taken := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		axes, groups := 1+r.IntN(2), 1+r.IntN(3)
		var kernel, strides, before, after, extra []int
		length := []string{"N", "L", "W"}
		for range axes {
			k := 1 + r.IntN(7)
			s := 1 + r.IntN(k)
			p := r.IntN(k)
			kernel, strides, extra = append(kernel, k), append(strides, s), append(extra, r.IntN(s))
			before, after = append(before, p), append(after, r.IntN(k-p))
		}
		list := func(n []int) string { return strings.Join(strings.Fields(fmt.Sprint(n)), ", ") }
		per, bias := 1+r.IntN(3), ""
		in := groups * (1 + r.IntN(3))
		constant := ""
		if r.IntN(2) == 0 {
			bias, constant = ", %b", fmt.Sprintf("  %%b = Const() {Value=f32[%d] [iota]}\n", per*groups)
		}
		src := fmt.Sprintf(`graph "g"(%%x: f32[%s]) -> ("y" %%y) {
  %%w = Const() {Value=f32[%d, %d, %s] [iota]}
%s  %%y = ConvTranspose(%%x, %%w%s) {Strides=%s, Pads=%s, Group=%d, OutputPads=%s}
}`, list0(length[0], in, length[1:1+axes]), in, per, strings.Trim(list(kernel), "[]"), constant, bias, list(strides), list(append(before, after...)), groups, list(extra))
		g := parse(t, src)
		original := g.Clone()
		if _, err := passes.Optimize(g, passes.Options{Verify: true}); err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		if g.CountOps()["ConvTranspose"] == 0 {
			taken++
		}
		agree(t, original, g, seed)
	}
	if taken < 200 {
		t.Errorf("%d of 400 are taken apart", taken)
	}
}

// list0 spells the shape of data.
func list0(batch string, channels int, space []string) string {
	return strings.Join(append([]string{batch, fmt.Sprint(channels)}, space...), ", ")
}
