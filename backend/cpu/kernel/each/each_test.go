package each

import "testing"

func TestRun(t *testing.T) {
	sub := func(a, b int64) int64 { return 100*a - b }
	var w Pairs
	for _, c := range []struct{ shape, a, b []int }{
		{[]int{}, []int{}, []int{}},
		{[]int{7}, []int{1}, []int{1}},
		{[]int{3, 4}, []int{4, 1}, []int{0, 1}},
		{[]int{3, 4}, []int{1, 0}, []int{4, 1}},
		{[]int{2, 1, 3, 4}, []int{12, 0, 4, 1}, []int{4, 0, 0, 1}},
		{[]int{0, 3}, []int{3, 1}, []int{3, 1}},
		{[]int{2, 3, 5}, []int{0, 0, 0}, []int{1, 2, 6}},
	} {
		w.Set(c.shape, c.a, c.b)
		a, b := make([]int64, 100), make([]int64, 100)
		for i := range a {
			a[i], b[i] = int64(i), int64(i*i)
		}
		for _, part := range []int{1, 3, 100} {
			got := make([]int64, w.Len())
			for lo := 0; lo < w.Len(); lo += part {
				Run(&w, sub, got, a, b, lo, min(lo+part, w.Len()))
			}
			for i := range got {
				pa, pb, rest := 0, 0, i
				for k := len(c.shape) - 1; k >= 0; k-- {
					j := rest % c.shape[k]
					rest /= c.shape[k]
					pa += j * c.a[k]
					pb += j * c.b[k]
				}
				if want := sub(a[pa], b[pb]); got[i] != want {
					t.Errorf("shape %v in parts of %d: element %d is %d, want %d", c.shape, part, i, got[i], want)
				}
			}
		}
	}
}

func TestFold(t *testing.T) {
	src := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	sub := func(a, b int64) int64 { return 10*a - b }
	for _, c := range []struct {
		n, inner int
		want     []int64
	}{
		{3, 2, []int64{-135, -246, -801, -912}}, {12, 1, []int64{-123456790122}}, {1, 3, []int64{-1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12}},
		{0, 2, []int64{0, 0}},
	} {
		got := make([]int64, len(c.want))
		Fold(got, src, c.n, c.inner, sub, 0)
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("n = %d, inner = %d: got %d, want %d", c.n, c.inner, got, c.want)
				break
			}
		}
	}
}
