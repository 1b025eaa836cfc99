package main

import (
	"fmt"
	"unicode/utf8"

	hf "github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"
)

// tokenizer turns text into tokens and back, and knows the tokens that frame messages in ChatML:
//
//	<|im_start|>user
//	text<|im_end|>
type tokenizer struct {
	*hf.Tokenizer
	start, end int64
	between    []int64 // a line break, between the end of a message and the next one
}

func openTokenizer(file string) (*tokenizer, error) {
	t, err := pretrained.FromFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	frame := func(token string) (int64, error) {
		id, ok := t.TokenToId(token)
		if !ok {
			return 0, fmt.Errorf("%s has no token %s, which frames messages in ChatML", file, token)
		}
		return int64(id), nil
	}
	c := &tokenizer{Tokenizer: t}
	if c.start, err = frame("<|im_start|>"); err != nil {
		return nil, err
	}
	if c.end, err = frame("<|im_end|>"); err != nil {
		return nil, err
	}
	c.between, err = c.encode("\n")
	return c, err
}

// encode turns plain text into tokens: what looks like a frame in it is none.
func (t *tokenizer) encode(text string) ([]int64, error) {
	e, err := t.EncodeSingle(text, false)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(e.Ids))
	for i, id := range e.Ids {
		ids[i] = int64(id)
	}
	return ids, nil
}

// opening is what stands before the text of a message.
func (t *tokenizer) opening(role string) ([]int64, error) {
	ids, err := t.encode(role + "\n")
	return append([]int64{t.start}, ids...), err
}

// message is a whole message and the line break behind it.
func (t *tokenizer) message(role, text string) ([]int64, error) {
	ids, err := t.opening(role)
	if err != nil {
		return nil, err
	}
	words, err := t.encode(text)
	if err != nil {
		return nil, err
	}
	ids = append(append(ids, words...), t.end)
	return append(ids, t.between...), nil
}

// text puts tokens together. A token may be part of a character, which is held back until it is whole.
type text struct {
	tokenizer *tokenizer
	ids       []int
	shown     int // bytes
}

// add returns what can be shown more with a token.
func (x *text) add(id int64) string {
	x.ids = append(x.ids, int(id))
	all := x.tokenizer.Decode(x.ids, true)
	more := all[min(x.shown, len(all)):]
	for i := 1; i < utf8.UTFMax && i <= len(more); i++ {
		if last := more[len(more)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRuneInString(last) {
				more = more[:len(more)-i]
			}
			break
		}
	}
	x.shown += len(more)
	return more
}
