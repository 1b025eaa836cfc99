package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"unicode"

	hf "github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/normalizer"
	"github.com/sugarme/tokenizer/pretrained"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// tokenizer turns a text into tokens.
type tokenizer struct {
	all   *hf.Tokenizer
	plain bool // without accents
}

// openTokenizer reads a tokenizer.json. Texts are cut off at a number of tokens, and not padded.
func openTokenizer(file string, length int) (t *tokenizer, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	defer rescue(&err, "%s is no tokenizer.json", file)
	all, err := pretrained.FromReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t = &tokenizer{all: all}
	if b, ok := all.GetNormalizer().(*normalizer.BertNormalizer); ok {
		// The library strips no accents where the file leaves it to the letters being made small, and fails on some texts if it is told to.
		t.plain = b.StripAccents || b.Lowercase && !saysOfAccents(data)
		b.StripAccents = false
	}
	all.WithTruncation(&hf.TruncationParams{MaxLength: length, Strategy: hf.LongestFirst})
	all.WithPadding(nil)
	return t, nil
}

// saysOfAccents reports whether a tokenizer.json says itself if accents are stripped.
func saysOfAccents(data []byte) bool {
	var config struct {
		Normalizer struct {
			StripAccents *bool `json:"strip_accents"`
		} `json:"normalizer"`
	}
	return json.Unmarshal(data, &config) == nil && config.Normalizer.StripAccents != nil
}

// tokens are those of a text, with the ones that mark its begin and end.
func (t *tokenizer) tokens(text string) (ids []int64, err error) {
	defer rescue(&err, "%q", text)
	if t.plain {
		if text, _, err = transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), text); err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
	}
	x, err := t.all.EncodeSingle(text, true)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	ids = make([]int64, len(x.Ids))
	for i, id := range x.Ids {
		ids[i] = int64(id)
	}
	return ids, nil
}

// rescue, deferred, makes a panic of the library an error that begins with a format and its value.
func rescue(err *error, format, value string) {
	if x := recover(); x != nil {
		*err = fmt.Errorf(format+": %v", value, x)
	}
}
