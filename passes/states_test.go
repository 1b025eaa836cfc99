package passes_test

import (
	"fmt"
	"testing"

	"github.com/gocompile/gocompile/passes"
)

// TestStates changes the form of states: which inputs and outputs they are then, and the graph that is left.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		src, parts, want string
		states           [][2]int
	}{
		{`graph "rows"(%pk "pk": f32[B, P, 2, 4], %q "q": f32[B, 2, S, 4], %k "k": f32[B, S, 2, 4], %pv "pv": f32[B, 2, 4, P], %v "v": f32[B, 2, 4, S]) -> ("nk" %nk, "y" %y, "nv" %nv) {
  %nk = Concat(%pk, %k) {Axis=1}
  %nv = Concat(%pv, %v) {Axis=-1}
  %tk = Transpose(%nk) {Perm=[0, 2, 1, 3]}
  %tv = Transpose(%nv) {Perm=[0, 1, 3, 2]}
  %start = Dims() {Elem=i64, Exprs=<P>}
  %y, %a, %b, %s = Attention(%q, %tk, %tv, _, _, _, _, %start) {Causal=true}
}`, "[{0 0 0 -1 [0 2 1 3]} {1 3 2 -1 [0 1 3 2]}]", `graph "rows"(%0 "pk": f32[B, 2, P, 4], %1 "q": f32[B, 2, S, 4], %2 "k": f32[B, S, 2, 4], %3 "pv": f32[B, 2, P, 4], %4 "v": f32[B, 2, 4, S]) -> ("nk" %8, "y" %7, "nv" %9) {
  %5 = Transpose(%2) {Perm=[0, 2, 1, 3]} : f32[B, 2, S, 4]
  %6 = Transpose(%4) {Perm=[0, 1, 3, 2]} : f32[B, 2, S, 4]
  %7, %8, %9, %10 = Attention(%1, %5, %6, _, %0, %3) {Causal=true, Append=true} : f32[B, 2, S, 4], f32[B, 2, P + S, 4], f32[B, 2, P + S, 4], f32[B, 2, S, P + S]
}
`, [][2]int{{0, 0}, {3, 2}}},
		{`graph "stacked"(%p "p": f32[2, B, 2, P, 4], %q "q": f32[B, 2, S, 4]) -> ("n" %n, "y" %y) {
  %zero = Const() {Value=i64[] [0]}
  %last = Const() {Value=i64[] [-1]}
  %first = Const() {Value=i64[1] [0]}
  %pk = Gather(%p, %zero)
  %pv = Gather(%p, %last)
  %y, %a, %b, %s = Attention(%q, %q, %q, _, %pk, %pv)
  %ua = Unsqueeze(%a, %first)
  %ub = Unsqueeze(%b, %first)
  %n = Concat(%ua, %ub)
}`, "[{0 1 1 0 []} {0 2 2 1 []}]", `graph "stacked"(%0 "q": f32[B, 2, S, 4], %1 "p.key": f32[B, 2, P, 4], %2 "p.value": f32[B, 2, P, 4]) -> ("y" %3, "n.key" %4, "n.value" %5) {
  %3, %4, %5, %6 = Attention(%0, %0, %0, _, %1, %2) : f32[B, 2, S, 4], f32[B, 2, P + S, 4], f32[B, 2, P + S, 4], f32[B, 2, S, P + S]
}
`, [][2]int{{0, 0}}},
		{`graph "kept"(%p "p": f32[B, P, 2, 4], %q "q": f32[B, 2, S, 4], %k "k": f32[B, S, 2, 4], %h "h": f32[2, B, 2, 2, 4]) -> ("n" %n, "y" %y, "z" %z, "hn" %hn) {
  %n = Concat(%p, %k) {Axis=1}
  %t = Transpose(%n) {Perm=[0, 2, 1, 3]}
  %y, %a, %b, %s = Attention(%q, %t, %t)
  %z = Neg(%n)
  %hn = Tanh(%h)
}`, "[{0 0 0 -1 []} {1 3 3 -1 []}]", "", [][2]int{{0, 0}, {3, 3}}},
	} {
		g := parse(t, c.src)
		before := text(g)
		parts, changed, err := passes.States(g, c.states)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(parts); got != c.parts {
			t.Errorf("%s: parts are %s, want %s", g.Name, got, c.parts)
		}
		if !changed {
			if c.want != "" || text(g) != before {
				t.Errorf("%s is as it was, or says so", g.Name)
			}
			continue
		}
		if _, err := passes.Optimize(g, passes.Options{Disable: allBut(t, []string{"cache", "common", "dead"}), Verify: true}); err != nil {
			t.Fatal(err)
		}
		if got := print(g); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}
