package main

import (
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	rows := []row{{name: "a", nodes: 5, operators: 3, results: []result{
		{runtime: "gocompile", load: 0.0125, first: 2e-5, times: []float64{3e-5, 1e-5, 2e-5}, peak: 12.4},
		{runtime: "other", load: 1.5, first: 0.2, times: []float64{4e-5}, peak: 80},
		{runtime: "third", failed: "no such operator"},
	}}}
	got := page(rows, options{threads: 2, peers: []runner{{name: "gocompile"}, {name: "other"}, {name: "third"}}}, "today, here")
	for _, want := range []string{"2 threads each", "today, here.",
		"| a | 5 | 3 | 12.5 ms | 20 µs | 20 µs | 12 | 1.5 s | 200 ms | 40 µs | 80 | 0.50 | fails | | | |  |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
