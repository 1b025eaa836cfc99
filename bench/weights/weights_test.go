package main

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestCompareEmbeddings(t *testing.T) {
	got := compareEmbeddings([][]float32{{1, 0}, {1, 1}}, [][]float32{{2, 0}, {0, 3}})
	if want := (1 + math.Sqrt(0.5)) / 2; math.Abs(got.Mean-want) > 1e-9 || math.Abs(got.Least-math.Sqrt(0.5)) > 1e-9 {
		t.Errorf("got %+v", got)
	}
}

// Tokens are drawn as often as their logits say, and surprise is what that says too.
func TestDraw(t *testing.T) {
	logits := []float32{float32(math.Log(1)), float32(math.Log(6)), float32(math.Log(3))}
	r := rand.New(rand.NewPCG(1, 2))
	seen := make([]float64, 3)
	const n = 20000
	for range n {
		seen[draw(r, logits)]++
	}
	for i, p := range []float64{0.1, 0.6, 0.3} {
		if math.Abs(seen[i]/n-p) > 0.02 || math.Abs(surprise(logits, int64(i))+math.Log(p)) > 1e-6 {
			t.Errorf("token %d: drawn in %v of all cases, surprise %v", i, seen[i]/n, surprise(logits, int64(i)))
		}
	}
	if largest(logits) != 1 {
		t.Errorf("the largest of %v is %d", logits, largest(logits))
	}
}

func TestPage(t *testing.T) {
	rows := []row{{Format: "float16", Language: language{Perplexity: 8}}, {Format: "int4/32", Embeddings: cosines{0.99, 0.9}, Language: language{8.5, 0.95, 3 * time.Millisecond, 10 << 20, 16 << 20}}}
	sizes(rows)
	for _, want := range []string{"| float16 | 0.00000 | 0.00000 | 8.000 | 0.0 % | 32 | 0.0 |", "| int4/32 | 0.99000 | 0.90000 | 8.500 | 95.0 % | 10 | 3.0 |"} {
		if text := page(rows); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestDrawLists(t *testing.T) {
	a, b := drawLists(1, 20), drawLists(1, 20)
	for i := range a {
		if n := len(a[i]); n < shortest+2 || n > longest+1 || a[i][0] != beginning || a[i][n-1] != last || a[i][1] != b[i][1] {
			t.Errorf("sentence %d: %v", i, a[i])
		}
	}
}
