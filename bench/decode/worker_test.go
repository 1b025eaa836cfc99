package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/internal/peer"
)

// TestWork: the worker goes on where it was, and begins anew with each prompt.
func TestWork(t *testing.T) {
	var out strings.Builder
	in := "PROMPT [3,4,5]\nTOKENS 3\nPROMPT [3,4,5]\nTOKENS 1\nTOKENS 2\nQUIT\n"
	if err := work("../../examples/say/model.onnx", "float32", 1, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var words []string
	var got []peer.Tokens
	for line := range strings.Lines(out.String()) {
		word, rest, _ := strings.Cut(line, " ")
		words = append(words, word)
		if word == "TOKENS" {
			var x peer.Tokens
			if err := json.Unmarshal([]byte(rest), &x); err != nil {
				t.Fatal(err)
			}
			if len(x.IDs) != len(x.Times) {
				t.Errorf("%d tokens, %d times", len(x.IDs), len(x.Times))
			}
			got = append(got, x)
		}
	}
	if s := strings.Join(words, " "); s != "READY TOKENS TOKENS TOKENS TOKENS TOKENS DONE" {
		t.Fatalf("answers are %s", s)
	}
	first, second := append(got[0].IDs, got[1].IDs...), append(append(got[2].IDs, got[3].IDs...), got[4].IDs...)
	if len(first) != 4 || equal(first, second) != 4 {
		t.Errorf("wrote %v, then %v", first, second)
	}
}

func TestWorkFails(t *testing.T) {
	for _, c := range []struct{ model, weights, in, want string }{
		{"none.onnx", "float32", "", "none.onnx"},
		{"../../examples/say/model.onnx", "float3", "", "float3"},
		{"../../examples/dates/lstm/model.onnx", "float32", "", "next step"},
	} {
		var out strings.Builder
		if err := work(c.model, c.weights, 1, strings.NewReader(c.in), &out); err != nil || !strings.HasPrefix(out.String(), "FAIL ") || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s in %s: %v, %s", c.model, c.weights, err, out.String())
		}
	}
	for _, in := range []string{"PROMPT 5\n", "PROMPT []\n", "TOKENS x\n", "DANCE\n", "PROMPT [999999]\n"} {
		var out strings.Builder
		if err := work("../../examples/say/model.onnx", "float32", 1, strings.NewReader(in), &out); err == nil {
			t.Errorf("%q is no error: %s", in, out.String())
		}
	}
}
