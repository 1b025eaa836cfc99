package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importTfIdf checks that what version 9 requires is there.
func importTfIdf(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	for _, name := range []string{"mode", "ngram_indexes", "ngram_counts", "max_skip_count", "min_gram_length", "max_gram_length"} {
		c.require(name)
	}
	o := &op.TfIdfVectorizer{Mode: c.string("mode", ""), MinGram: int(c.int("min_gram_length", 0)), MaxGram: int(c.int("max_gram_length", 0)),
		MaxSkip: int(c.int("max_skip_count", 0)), Counts: c.ints("ngram_counts"), Indexes: c.ints("ngram_indexes"),
		PoolInts: c.ints("pool_int64s"), PoolStrings: c.strings("pool_strings"), Weights: c.floats("weights")}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(o, c.in...)
}

func init() {
	register(
		row{"", "RegexFullMatch", 20, simple(1, 1, func(c *call) ir.Op { return &op.RegexFullMatch{Pattern: c.string("pattern", "")} })},
		row{"", "StringConcat", 20, simple(2, 2, func(*call) ir.Op { return &op.StringConcat{} })},
		row{"", "StringNormalizer", 10, simple(1, 1, func(c *call) ir.Op {
			return &op.StringNormalizer{Case: op.Case(c.string("case_change_action", "NONE")), CaseSensitive: c.bool("is_case_sensitive", false),
				Stopwords: c.strings("stopwords"), Locale: c.string("locale", "")}
		})},
		row{"", "StringSplit", 20, simple(1, 1, func(c *call) ir.Op {
			return &op.StringSplit{Delimiter: c.string("delimiter", ""), MaxSplit: int(c.int("maxsplit", -1))}
		})},
		row{"", "TfIdfVectorizer", 9, importTfIdf},
	)
}
