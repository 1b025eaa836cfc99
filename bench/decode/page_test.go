package main

import (
	"strings"
	"testing"

	"github.com/gocompile/gocompile/internal/peer"
)

func TestPage(t *testing.T) {
	r := report{
		setting: peer.Setting{Date: "today", Processor: "this one", System: "here", Threads: 2},
		options: options{contexts: []int{5, 70}, rounds: 2, tokens: 3},
		programs: []program{
			{name: "gocompile float32", weights: "float32", peak: 80.4, at: []timing{
				{first: []float64{0.7, 0.5, 3}, next: []float64{0.02, 0.01, 0.9}, ids: []int64{1, 2, 3}},
				{first: []float64{2}, next: []float64{0.04}, ids: []int64{4, 5}}}},
			{name: "gocompile int8", weights: "int8", failed: "no", at: make([]timing, 2)},
			{name: "onnxruntime-genai", peak: 99, at: []timing{
				{first: []float64{1}, next: []float64{0.04}, ids: []int64{1, 2, 7}},
				{first: []float64{1}, next: []float64{0.04}, ids: []int64{4, 5}}}},
		},
		steps: []step{{model: "m", weights: "float16", context: 5, constants: 3e6, states: 1e6, bandwidth: 2e9, took: 0.003}, {model: "n", weights: "float32", constants: 1e6, bandwidth: 1e9, took: 0.001}},
	}
	got := r.page()
	for _, want := range []string{
		"on today, this one, here, 2 threads each", "then 7 tokens",
		"| 5 | gocompile float32 | 500 ms | 0.50 | 50.0 | 0.50 |  | 80 |\n",
		"| 70 | gocompile float32 | 2 s | 2.00 | 25.0 | 1.00 |  | 80 |\n",
		"| 5 | gocompile int8 | fails |",
		"| 5 | onnxruntime-genai | 1 s |  | 25.0 |  | 2 of 3 | 99 |\n",
		"| 70 | onnxruntime-genai | 1 s |  | 25.0 |  | 2 of 2 | 99 |\n",
		"| m | float16 | 5 | 4.0 | 2.0 | 2 ms | 3 ms | 1.50 |\n",
		"| n | float32 |  | 1.0 | 1.0 | 1 ms | 1 ms | 1.00 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
