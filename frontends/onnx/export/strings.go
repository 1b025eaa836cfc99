package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
)

func wholes(name string, list []int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrInts, Ints: list}
}

func init() {
	spell("RegexFullMatch", same("RegexFullMatch", func(o *op.RegexFullMatch) []*proto.Attribute { return attrs(text("pattern", o.Pattern)) }))
	spell("StringConcat", same[*op.StringConcat]("StringConcat", nil))
	spell("StringNormalizer", same("StringNormalizer", func(o *op.StringNormalizer) []*proto.Attribute {
		return attrs(text("case_change_action", string(o.Case)), flag("is_case_sensitive", o.CaseSensitive), when(len(o.Stopwords) > 0, texts("stopwords", o.Stopwords)))
	}))
	spell("StringSplit", same("StringSplit", func(o *op.StringSplit) []*proto.Attribute {
		return attrs(named("delimiter", o.Delimiter), when(o.MaxSplit >= 0, integer("maxsplit", o.MaxSplit)))
	}))
	spell("TfIdfVectorizer", same("TfIdfVectorizer", func(o *op.TfIdfVectorizer) []*proto.Attribute {
		return attrs(text("mode", o.Mode), integer("min_gram_length", o.MinGram), integer("max_gram_length", o.MaxGram), integer("max_skip_count", o.MaxSkip),
			wholes("ngram_counts", o.Counts), wholes("ngram_indexes", o.Indexes), when(len(o.PoolInts) > 0, wholes("pool_int64s", o.PoolInts)),
			when(len(o.PoolStrings) > 0, texts("pool_strings", o.PoolStrings)), when(len(o.Weights) > 0, floats("weights", o.Weights)))
	}))
}
