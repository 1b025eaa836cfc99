package main

import (
	"strings"
	"testing"

	"github.com/gocompile/gocompile/internal/peer"
)

func TestPage(t *testing.T) {
	rows := []row{{name: "a", nodes: 5, operators: 3, results: []peer.Result{
		{Runtime: "gocompile", Load: 0.0125, First: 2e-5, Times: []float64{3e-5, 1e-5, 2e-5}, Peak: 12.4},
		{Runtime: "other", Load: 1.5, First: 0.2, Times: []float64{4e-5}, Peak: 80},
		{Runtime: "third", Failed: "no such operator"},
	}}}
	got := page(rows, options{threads: 2, peers: []peer.Runtime{{Name: "gocompile"}, {Name: "other"}, {Name: "third"}}}, "today, here")
	for _, want := range []string{"2 threads each", "today, here.",
		"| a | 5 | 3 | 12.5 ms | 20 µs | 20 µs | 12 | 1.5 s | 200 ms | 40 µs | 80 | 0.50 | fails | | | |  |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
