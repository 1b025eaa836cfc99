package op

import (
	"math"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// eval runs an operator that has one result.
func eval(o ir.Op, in ...tensor.Value) (tensor.Value, error) {
	c := &ir.EvalContext{In: in}
	if err := ir.CallEval(o, c); err != nil {
		return nil, err
	}
	return c.Out[0], nil
}

func seqOf(items ...tensor.Value) *tensor.Sequence {
	return &tensor.Sequence{Elem: tensor.Float32, Items: items}
}

// TestRefused gives operators what they must refuse, with an error that says why and never with an internal one.
func TestRefused(t *testing.T) {
	f := func(v ...float32) *tensor.Tensor { return tensor.Must(v, len(v)) }
	i := func(v int64) *tensor.Tensor { return tensor.Scalar(v) }
	split := &SplitToSequence{KeepDims: true}
	nan := math.NaN()
	for name, c := range map[string]struct {
		op   ir.Op
		in   []tensor.Value
		want string
	}{
		"at the end":        {&SequenceAt{}, []tensor.Value{seqOf(f(1)), i(1)}, "out of range"},
		"far before":        {&SequenceAt{}, []tensor.Value{seqOf(f(1)), i(math.MinInt64)}, "out of range"},
		"no sequence":       {&SequenceAt{}, []tensor.Value{f(1), i(0)}, "must be a sequence"},
		"insert behind":     {&SequenceInsert{}, []tensor.Value{seqOf(f(1)), f(2), i(2)}, "out of range"},
		"insert other type": {&SequenceInsert{}, []tensor.Value{seqOf(f(1)), i(2)}, "cannot hold"},
		"insert other kind": {&SequenceInsert{}, []tensor.Value{seqOf(f(1)), seqOf(f(1))}, "cannot hold"},
		"erase nothing":     {&SequenceErase{}, []tensor.Value{seqOf()}, "empty sequence"},
		"join nothing":      {&ConcatFromSequence{}, []tensor.Value{seqOf()}, "empty sequence"},
		"join misfits":      {&ConcatFromSequence{Axis: 0}, []tensor.Value{seqOf(tensor.New(tensor.Float32, 1, 2), tensor.New(tensor.Float32, 1, 3))}, "do not fit"},
		"split by zero":     {split, []tensor.Value{f(1, 2), i(0)}, "do not make up"},
		"split wrongly":     {split, []tensor.Value{f(1, 2), tensor.Must([]int64{1, 2}, 2)}, "do not make up"},
		"split to overflow": {split, []tensor.Value{f(1, 2), tensor.Must([]int64{math.MaxInt64, math.MaxInt64, 4}, 3)}, "do not make up"},
		"too many items":    {split, []tensor.Value{tensor.New(tensor.Float32, 1<<40, 0), i(1)}, "more than"},
		"absent element":    {&OptionalGetElement{}, []tensor.Value{&tensor.Optional{}}, "no element"},
		"numbers for text":  {&StringConcat{}, []tensor.Value{f(1), f(1)}, "must hold strings"},
		"bad pattern":       {&RegexFullMatch{Pattern: "("}, []tensor.Value{tensor.Must([]string{"a"}, 1)}, "regular expression"},
		"wide n-grams": {&TfIdfVectorizer{Mode: "TF", MinGram: 1, MaxGram: 1, Indexes: []int64{1 << 60}, Counts: []int64{0}, PoolInts: []int64{1}},
			[]tensor.Value{tensor.Must([]int64{1}, 1)}, "out of range"},
		"n-grams past the pool": {&TfIdfVectorizer{Mode: "TF", MinGram: 1, MaxGram: 1, Indexes: []int64{0}, Counts: []int64{7}, PoolInts: []int64{1}},
			[]tensor.Value{tensor.Must([]int64{1}, 1)}, "do not fit"},
		"scale of a wrong shape": {&QuantizeLinear{Axis: 0}, []tensor.Value{f(1, 2), f(1, 2, 3)}, "fits neither"},
		"negative block":         {&DequantizeLinear{BlockSize: -2}, []tensor.Value{tensor.New(tensor.Int8, 4), f(1, 2)}, "does not fit blocks"},
		"zero point misfit":      {&MatMulInteger{}, []tensor.Value{tensor.New(tensor.Int8, 2, 2), tensor.New(tensor.Int8, 2, 2), tensor.New(tensor.Int8, 3)}, "not broadcast"},
		"a tree with a cycle": {&TreeEnsemble{Targets: 1, Roots: []int{0}, Features: []int{0}, Modes: []TreeMode{TreeLEQ}, Splits: []float64{nan}, True: []int{0}, False: []int{0},
			Starts: []int{0}}, []tensor.Value{tensor.New(tensor.Float32, 1, 1)}, "above itself"},
		"a feature too far": {&TreeEnsemble{Targets: 1, Features: []int{3}}, []tensor.Value{tensor.New(tensor.Float32, 1, 1)}, "feature 3 of 1"},
		"no such category":  {&CategoryOneHot{Categories: tensor.Must([]int64{1}, 1), Strict: true}, []tensor.Value{tensor.Must([]int64{2}, 1)}, "none of the"},
		"no locale":         {&StringNormalizer{Case: CaseLower, Locale: "not one"}, []tensor.Value{tensor.Must([]string{"a"}, 1)}, "no name of a locale"},
		"Lithuanian":        {&StringNormalizer{Case: CaseLower, Locale: "lt_LT"}, []tensor.Value{tensor.Must([]string{"a"}, 1)}, "not supported"},
		"narrow tables": {&Rotary{Turned: -1}, []tensor.Value{tensor.New(tensor.Float32, 1, 1, 2, 8), tensor.New(tensor.Float32, 2, 3), tensor.New(tensor.Float32, 2, 3)},
			"tables of 3 columns turn 6 elements of a head, want 8 of 8"},
		"wide tables": {&Rotary{}, []tensor.Value{tensor.New(tensor.Float32, 1, 1, 2, 8), tensor.New(tensor.Float32, 2, 5), tensor.New(tensor.Float32, 2, 5)},
			"turn 10 elements of a head, want 8 of 8"},
		"other tables": {&Rotary{Turned: 4}, []tensor.Value{tensor.New(tensor.Float32, 1, 1, 2, 8), tensor.New(tensor.Float32, 2, 2), tensor.New(tensor.Float32, 2, 1)},
			"does not hold 2 pairs"},
		"key past the end": {&CastMap{Elem: tensor.Float32, Length: 2}, []tensor.Value{&tensor.Map{Keys: tensor.Must([]int64{2}, 1), Values: f(1)}}, "does not fit"},
	} {
		_, err := eval(c.op, c.in...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: got error %v, want %q", name, err, c.want)
		}
	}
}

func TestSequencesOfOptionals(t *testing.T) {
	absent, there := &tensor.Optional{}, &tensor.Optional{Item: tensor.Scalar(float32(3))}
	s, err := eval(&SequenceConstruct{}, absent, there)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []bool{false, true} {
		item, err := eval(&SequenceAt{}, s, tensor.Scalar(int64(k-2)))
		if err != nil {
			t.Fatal(err)
		}
		has, err := eval(&OptionalHasElement{}, item)
		if err != nil || tensor.Data[bool](has.(*tensor.Tensor))[0] != want {
			t.Errorf("item %d: %v, %v", k, has, err)
		}
	}
}

func TestStringSplit(t *testing.T) {
	for _, c := range []struct {
		op   StringSplit
		in   string
		want []string
	}{
		{StringSplit{MaxSplit: -1}, "  a\tb \u00a0c\x1f", []string{"a", "b", "c"}},
		{StringSplit{MaxSplit: 1}, " a b  c ", []string{"a", "b  c "}},
		{StringSplit{MaxSplit: 0}, " a b ", []string{"a b "}},
		{StringSplit{MaxSplit: -1}, "   ", nil},
		{StringSplit{Delimiter: ",", MaxSplit: -1}, ",a,,b", []string{"", "a", "", "b"}},
		{StringSplit{Delimiter: ",", MaxSplit: 1}, "a,b,c", []string{"a", "b,c"}},
		{StringSplit{Delimiter: ",", MaxSplit: -1}, "", []string{""}},
	} {
		if got := c.op.split(c.in); strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
			t.Errorf("%+v of %q: %q, want %q", c.op, c.in, got, c.want)
		}
	}
}

// TestQuantizeSaturates: infinities saturate, and NaN is the least integer.
func TestQuantizeSaturates(t *testing.T) {
	inf := float32(math.Inf(1))
	x := tensor.Must([]float32{inf, -inf, float32(math.NaN()), 0.5, 1.5, -2.5, 1e9}, 7)
	for d, want := range map[tensor.DType][]int64{
		tensor.Uint8: {255, 0, 0, 0, 2, 0, 255}, tensor.Int8: {127, -128, -128, 0, 2, -2, 127}, tensor.Int4: {7, -8, -8, 0, 2, -2, 7},
		tensor.Uint2: {3, 0, 0, 0, 2, 0, 3}, tensor.Int16: {32767, -32768, -32768, 0, 2, -2, 32767},
	} {
		y, err := eval(&QuantizeLinear{Elem: d}, x, tensor.Scalar(float32(1)))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if got := y.(*tensor.Tensor).Int64(i); got != w {
				t.Errorf("%v of %v: %d, want %d", d, x.Float64(i), got, w)
			}
		}
	}
}
