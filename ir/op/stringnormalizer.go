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

// Case says how StringNormalizer changes letters.
type Case string

// The changes of letters.
const (
	CaseNone  Case = "NONE"
	CaseLower Case = "LOWER"
	CaseUpper Case = "UPPER"
)

// StringNormalizer drops the strings of a tensor [C] or [1, C] that are stop words, compared without regard to case unless
// CaseSensitive is set, and changes the case of the others. If none is left, the result is one empty string.
type StringNormalizer struct {
	Case          Case
	CaseSensitive bool
	Stopwords     []string
	Locale        string // whose rules of upper and lower case count, such as tr_TR; see letters
}

// Infer implements [ir.Op].
func (o *StringNormalizer) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if o.Case != CaseNone && o.Case != CaseLower && o.Case != CaseUpper {
		return nil, fmt.Errorf("the change of case must be NONE, LOWER or UPPER, got %q", o.Case)
	}
	if _, err := o.letters(); err != nil {
		return nil, err
	}
	t, err := checkStrings(c, 0)
	if err != nil {
		return nil, err
	}
	switch rank, ok := t.Rank(); {
	case !ok:
		return []ir.Fact{ir.Of(t)}, nil
	case rank == 1:
		return []ir.Fact{ir.Of(t.WithDims(c.Fresh("words")))}, nil
	case rank == 2:
		return []ir.Fact{ir.Of(t.WithDims(sym.Const(1), c.Fresh("words")))}, nil
	}
	return nil, fmt.Errorf("takes shapes [C] and [1, C], got %v", t)
}

// Eval implements [ir.Op].
func (o *StringNormalizer) Eval(c *ir.EvalContext) error {
	in, shape := stringsOf(c, 0), c.Tensor(0).Shape()
	if len(shape) != 1 && (len(shape) != 2 || shape[0] != 1) {
		return fmt.Errorf("takes shapes [C] and [1, C], got %v", shape)
	}
	letters, err := o.letters()
	if err != nil {
		return err
	}
	change := map[Case]func(string) string{CaseNone: keep, CaseLower: letters.lower, CaseUpper: letters.upper}[o.Case]
	key := letters.lower
	if o.CaseSensitive {
		key = keep
	}
	stop := map[string]bool{}
	for _, s := range o.Stopwords {
		stop[key(s)] = true
	}
	var kept []string
	for _, s := range in {
		if !stop[key(s)] {
			kept = append(kept, change(s))
		}
	}
	if len(kept) == 0 {
		kept = []string{""}
	}
	shape = append([]int{}, shape...)
	shape[len(shape)-1] = len(kept)
	copy(c.New(0, tensor.String, shape...).Strings(), kept)
	return nil
}

// letters are the rules of upper and lower case of a language that differ from the common ones of Unicode, from character to character; nil
// has none.
type letters unicode.SpecialCase

func (l letters) lower(s string) string { return strings.ToLowerSpecial(unicode.SpecialCase(l), s) }
func (l letters) upper(s string) string { return strings.ToUpperSpecial(unicode.SpecialCase(l), s) }

func keep(s string) string { return s }

// locale is language[-script][_territory][.encoding][@modifier], with either separator; the first group is the language.
var locale = regexp.MustCompile(`^([A-Za-z]{2,8})(?:[-_][A-Za-z0-9]+)*(?:\.[A-Za-z0-9-]+)?(?:@[A-Za-z0-9]+)?$`)

// letters are those of the locale. Of all languages, Unicode has special rules only for Turkish and Azeri, and for Lithuanian, which is not
// supported; no locale, C and POSIX mean the common rules. What is no name of a locale is an error.
func (o *StringNormalizer) letters() (letters, error) {
	switch o.Locale {
	case "", "C", "POSIX":
		return nil, nil
	}
	m := locale.FindStringSubmatch(o.Locale)
	if m == nil {
		return nil, fmt.Errorf("%q is no name of a locale, such as en_US or tr-TR.UTF-8", o.Locale)
	}
	switch strings.ToLower(m[1]) {
	case "tr", "az", "tur", "aze":
		return letters(unicode.TurkishCase), nil
	case "lt", "lit":
		if o.Case != CaseNone || !o.CaseSensitive && len(o.Stopwords) > 0 {
			return nil, fmt.Errorf("the rules of upper and lower case of locale %q are not supported", o.Locale)
		}
	}
	return nil, nil
}

func init() { ir.Register[StringNormalizer]() }
