package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// words are the vocabulary of the small model: a number is the place in the list.
var words = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "##ish", "cafe"}

// small writes a tokenizer of words, and a model whose vector of a token has a one at the token's place and nothing else, but for the marks at the begin and
// the end, which have nothing at all, and the padding, which must not count and has much.
func small(t *testing.T) options {
	t.Helper()
	dir := t.TempDir()
	o := options{model: filepath.Join(dir, "model.onnx"), tokenizer: filepath.Join(dir, "tokenizer.json"), top: 3, batch: 2, length: 8}
	vocabulary := map[string]int{}
	for i, w := range words {
		vocabulary[w] = i
	}
	type object = map[string]any
	special := func(name string) object { return object{"SpecialToken": object{"id": name, "type_id": 0}} }
	mark := func(id int) object { return object{"id": words[id], "ids": []int{id}, "tokens": []string{words[id]}} }
	sequence := []object{special("[CLS]"), {"Sequence": object{"id": "A", "type_id": 0}}, special("[SEP]")}
	data, err := json.Marshal(object{
		"version": "1.0", "truncation": nil, "added_tokens": []any{},
		"padding":       object{"strategy": object{"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": nil, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
		"normalizer":    object{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": object{"type": "BertPreTokenizer"},
		"post_processor": object{"type": "TemplateProcessing", "single": sequence, "pair": sequence,
			"special_tokens": object{"[CLS]": mark(2), "[SEP]": mark(3)}},
		"decoder": object{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model":   object{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.tokenizer, data, 0o600); err != nil {
		t.Fatal(err)
	}

	g := ir.NewGraph("words", sym.NewScope())
	ids := g.AddInput("input_ids", ir.TensorType(tensor.Int64, g.Scope.Named("batch").Expr(), g.Scope.Named("seq").Expr()))
	g.AddInput("attention_mask", ids.Type)
	table := tensor.New(tensor.Float32, len(words), len(words))
	for i := range words {
		switch i {
		case 0:
			for k := range words {
				table.SetFloat64(k, 100)
			}
		case 2, 3:
		default:
			table.SetFloat64(i*len(words)+i, 1)
		}
	}
	n, err := g.Add(&op.Gather{}, g.Const(table), ids)
	if err != nil {
		t.Fatal(err)
	}
	g.SetOutputs(ir.Output{Name: "last_hidden_state", Value: n.Out()[0]})
	m, err := export.Model(g, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := export.Write(o.model, m); err != nil {
		t.Fatal(err)
	}
	return o
}

func textFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lines.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// colours are lines of which the longest is cut off after six words.
const colours = "red\n\nred green green\n  Café  \nblue redish redish redish green green green green\nGREEN"

func TestSearch(t *testing.T) {
	o, out := small(t), &bytes.Buffer{}
	if err := run(context.Background(), o, textFile(t, colours), "green", nil, out, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "1.000  6  GREEN\n0.894  3  red green green\n0.000  1  red\n"; got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	out.Reset()
	o.top = 1
	if err := run(context.Background(), o, textFile(t, colours), "", strings.NewReader("cafe\n\nblue redish\n"), out, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "> 1.000  4  Café\n> > 0.926  5  blue redish redish redish green green green green\n> \n"; got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	o, good := small(t), textFile(t, colours)
	other := func(change func(*options)) options {
		x := o
		change(&x)
		return x
	}
	for _, c := range []struct {
		o          options
		file, want string
	}{
		{o, "none.txt", "none.txt"},
		{o, textFile(t, "\n \n"), "no lines"},
		{o, textFile(t, "a\n"+strings.Repeat("x", 2<<20)), "line 2"},
		{other(func(o *options) { o.model = "none.onnx" }), good, "none.onnx"},
		{other(func(o *options) { o.model = "../say/model.onnx" }), good, "../say/model.onnx: wants a model"},
		{other(func(o *options) { o.tokenizer = "none.json" }), good, "none.json"},
		{other(func(o *options) { o.tokenizer = textFile(t, `{"model": 5}`) }), good, "lines.txt"},
		{other(func(o *options) { o.tokenizer = textFile(t, `{"model": {"type": "WordPiece", "vocab": 5}}`) }), good, "lines.txt"},
		{other(func(o *options) { o.top = 0 }), good, "1 line"},
	} {
		if err := run(context.Background(), c.o, c.file, "green", nil, &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, o, good, "green", nil, &bytes.Buffer{}, &bytes.Buffer{}); err != context.Canceled {
		t.Errorf("error %v of a search that was interrupted", err)
	}
}

// TestMiniLM compares similarities with those of the Python package tokenizers and onnxruntime, which read one text at a time.
func TestMiniLM(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_MINILM")
	if dir == "" {
		t.Skip("GOCOMPILE_MINILM, the folder of model.onnx and tokenizer.json of all-MiniLM-L6-v2, is not set")
	}
	o := options{model: filepath.Join(dir, "model.onnx"), tokenizer: filepath.Join(dir, "tokenizer.json"), top: 4, batch: 3, length: 256}
	want := []struct {
		text       string
		similarity float64
	}{
		{"A man is playing a guitar.", 0.515162},
		{"Der Hund läuft über die Straße.", 0.094542},
		{"Leek and potato soup", 0.062899},
		{"The stock market fell sharply today, and analysts expect that it will take months, if not years, until prices are back where they were.", -0.060113},
	}
	var text strings.Builder
	for _, w := range want {
		fmt.Fprintln(&text, w.text)
	}
	lines, err := readLines(textFile(t, text.String()))
	if err != nil {
		t.Fatal(err)
	}
	e, err := openEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	x, err := newIndex(context.Background(), e, lines, o.batch, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := e.tokenizer.tokens("Somebody makes music.")
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.vectors(context.Background(), [][]int64{tokens})
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range x.search(v[0], len(want)) {
		if h.line.text != want[i].text || math.Abs(float64(h.similarity)-want[i].similarity) > 1e-5 {
			t.Errorf("%.6f %q, want %.6f %q", h.similarity, h.line.text, want[i].similarity, want[i].text)
		}
	}
}
