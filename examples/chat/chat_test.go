package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/generate"
)

// bytesOnly writes a tokenizer whose tokens are single bytes, in the characters that stand for them in byte-level BPE, and the frames of ChatML.
func bytesOnly(t *testing.T) *tokenizer {
	t.Helper()
	vocabulary, next := map[string]int{"<|im_start|>": 256, "<|im_end|>": 257}, 0
	for b := range 256 {
		c := rune(b)
		if b <= ' ' || b >= 0x7f && b <= 0xa0 || b == 0xad {
			c = rune(256 + next)
			next++
		}
		vocabulary[string(c)] = b
	}
	special := func(id int, content string) map[string]any {
		return map[string]any{"id": id, "content": content, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
	}
	level := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil, "post_processor": nil, "pre_tokenizer": level, "decoder": level,
		"added_tokens": []any{special(256, "<|im_start|>"), special(257, "<|im_end|>")},
		"model":        map[string]any{"type": "BPE", "vocab": vocabulary, "merges": []string{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := openTokenizer(file)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestMessage(t *testing.T) {
	k := bytesOnly(t)
	got, err := k.message("user", "Hé!")
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{256, 'u', 's', 'e', 'r', '\n', 'H', 0xc3, 0xa9, '!', 257, '\n'}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestText: a character of several tokens is shown when it is whole.
func TestText(t *testing.T) {
	x, parts := &text{tokenizer: bytesOnly(t)}, []string{}
	for _, b := range []byte("a é€ b") {
		parts = append(parts, x.add(int64(b)))
	}
	if got := fmt.Sprintf("%q", parts); got != `["a" " " "" "é" "" "" "€" " " "b"]` {
		t.Errorf("got %s", got)
	}
}

// parrot is a source that gives the answer "ok" to everything, in the tokens of bytesOnly.
type parrot struct {
	generate.Source
	heard []int64
}

func (p *parrot) Next(_ context.Context, tokens []int64) ([]float32, error) {
	p.heard = append(p.heard, tokens...)
	scores := make([]float32, 258)
	scores[map[int64]int{'\n': 'o', 'o': 'k', 'k': 257}[tokens[len(tokens)-1]]] = 9
	return scores, nil
}

func TestConversation(t *testing.T) {
	k, p, out := bytesOnly(t), &parrot{}, &strings.Builder{}
	c := &conversation{tokenizer: k, generator: generate.New(p, generate.Options{Stop: []int64{k.end}}), out: out}
	prompt, err := k.opening("assistant")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.answer(prompt); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "ok\n\t(2 tokens") {
		t.Errorf("got %q", got)
	}
	if got := c.closing(); !slices.Equal(got, []int64{'\n'}) {
		t.Errorf("behind an answer stands %v", got)
	}
	c.generator.Options().MaxTokens = 1
	if err := c.answer(append(c.closing(), prompt...)); err != nil {
		t.Fatal(err)
	}
	if got := c.closing(); !slices.Equal(got, []int64{257, '\n'}) {
		t.Errorf("behind an answer that was cut short stands %v", got)
	}
	if got, want := fmt.Sprint(p.heard), fmt.Sprint(append(append(append(prompt, 'o', 'k', 257, '\n'), prompt...), []int64{}...)); got != want {
		t.Errorf("the model heard %s, want %s", got, want)
	}
}
