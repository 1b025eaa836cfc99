package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// text is the begin of docs/architecture.md and docs/RATIONALE.md in the tokens of SmolLM2.
//
//go:embed prompt.txt
var text string

// promptOf is the begin of text, of so many tokens.
func promptOf(length int) ([]int64, error) {
	words := strings.Fields(text)
	if length > len(words) {
		return nil, fmt.Errorf("the text has %d tokens, fewer than a context of %d", len(words), length)
	}
	ids := make([]int64, length)
	for i := range ids {
		var err error
		if ids[i], err = strconv.ParseInt(words[i], 10, 64); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
