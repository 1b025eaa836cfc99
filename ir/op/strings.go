package op

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

func checkStrings(c *ir.InferContext, i int) (ir.Type, error) {
	t, err := c.Tensor(i)
	if err == nil && t.Elem != tensor.String {
		err = fmt.Errorf("input %d must hold strings, got %v", i, t)
	}
	return t, err
}

// stringsOf returns the elements of input i.
func stringsOf(c *ir.EvalContext, i int) []string {
	x := c.Tensor(i)
	if x.DType() != tensor.String {
		ir.Fail("input %d must hold strings, got %v", i, x)
	}
	return x.Strings()
}

// StringConcat joins the strings of two tensors that broadcast against each other.
type StringConcat struct{}

// Infer implements [ir.Op].
func (o *StringConcat) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	a, err := checkStrings(c, 0)
	if err != nil {
		return nil, err
	}
	b, err := checkStrings(c, 1)
	if err != nil {
		return nil, err
	}
	dims, ranked, err := inferBroadcast(a, b)
	return []ir.Fact{ir.Of(ir.Type{Elem: tensor.String, Ranked: ranked, Dims: dims})}, err
}

// Eval implements [ir.Op].
func (o *StringConcat) Eval(c *ir.EvalContext) error {
	a, b := stringsOf(c, 0), stringsOf(c, 1)
	sa, sb := c.Tensor(0).Shape(), c.Tensor(1).Shape()
	shape := broadcastShapes(sa, sb)
	y := c.New(0, tensor.String, shape...).Strings()
	total := 0
	walk(shape, func(i int, at []int) {
		if total += len(a[at[0]]) + len(b[at[1]]); total > ir.DefaultMaxBytes {
			ir.Fail("the strings of a result take more than %d bytes", int64(ir.DefaultMaxBytes))
		}
		y[i] = a[at[0]] + b[at[1]]
	}, broadcastStrides(sa, shape), broadcastStrides(sb, shape))
	return nil
}

// StringSplit cuts each string at Delimiter, or at runs of white space if that is empty, at most MaxSplit times (negative: without
// limit). The first result has the parts along a new last axis, filled up with empty strings; the second, i64, their
// number.
type StringSplit struct {
	Delimiter string
	MaxSplit  int
}

// Infer implements [ir.Op].
func (o *StringSplit) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := checkStrings(c, 0)
	if err != nil {
		return nil, err
	}
	parts := ir.UnrankedType(tensor.String)
	if t.Ranked {
		parts = ir.TensorType(tensor.String, append(append([]sym.Expr{}, t.Dims...), c.Fresh("parts"))...)
	}
	return []ir.Fact{ir.Of(parts), ir.Of(t.WithElem(tensor.Int64))}, nil
}

func (o *StringSplit) split(s string) []string {
	if o.Delimiter != "" {
		if o.MaxSplit < 0 {
			return strings.Split(s, o.Delimiter)
		}
		return strings.SplitN(s, o.Delimiter, o.MaxSplit+1)
	}
	var parts []string
	for {
		s = strings.TrimLeftFunc(s, isSpace)
		end := strings.IndexFunc(s, isSpace)
		switch {
		case s == "":
			return parts
		case o.MaxSplit >= 0 && len(parts) == o.MaxSplit, end < 0:
			return append(parts, s)
		}
		parts = append(parts, s[:end])
		s = s[end:]
	}
}

// isSpace is what Python's str.split takes for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// Eval implements [ir.Op].
func (o *StringSplit) Eval(c *ir.EvalContext) error {
	in := stringsOf(c, 0)
	all := make([][]string, len(in))
	most := 0
	for i, s := range in {
		all[i] = o.split(s)
		most = max(most, len(all[i]))
	}
	shape := c.Tensor(0).Shape()
	count := tensor.Data[int64](c.New(1, tensor.Int64, shape...))
	y := c.New(0, tensor.String, append(append([]int{}, shape...), most)...).Strings()
	for i, parts := range all {
		count[i] = int64(len(parts))
		copy(y[i*most:], parts)
	}
	return nil
}

// RegexFullMatch tells which strings match a regular expression of RE2 as a whole.
type RegexFullMatch struct{ Pattern string }

func (o *RegexFullMatch) compile() (*regexp.Regexp, error) {
	re, err := regexp.Compile(`\A(?:` + o.Pattern + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("the pattern is no regular expression: %w", err)
	}
	return re, nil
}

// Infer implements [ir.Op].
func (o *RegexFullMatch) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := checkStrings(c, 0)
	if err != nil {
		return nil, err
	}
	_, err = o.compile()
	return []ir.Fact{ir.Of(t.WithElem(tensor.Bool))}, err
}

// Eval implements [ir.Op].
func (o *RegexFullMatch) Eval(c *ir.EvalContext) error {
	re, err := o.compile()
	if err != nil {
		return err
	}
	in := stringsOf(c, 0)
	y := tensor.Data[bool](c.New(0, tensor.Bool, c.Tensor(0).Shape()...))
	for i, s := range in {
		y[i] = re.MatchString(s)
	}
	return nil
}

func init() {
	ir.Register[StringConcat]()
	ir.Register[StringSplit]()
	ir.Register[RegexFullMatch]()
}
