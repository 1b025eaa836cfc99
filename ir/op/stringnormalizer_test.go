package op

import (
	"strings"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

// TestLetters: the rules of upper and lower case are those of the locale.
func TestLetters(t *testing.T) {
	in := tensor.Must([]string{"Iı İi", "TITLE", "straße"}, 3)
	for _, c := range []struct {
		op   StringNormalizer
		want string
	}{
		{StringNormalizer{Case: CaseLower}, "iı ii|title|straße"},
		{StringNormalizer{Case: CaseLower, Locale: "en_US"}, "iı ii|title|straße"},
		{StringNormalizer{Case: CaseLower, Locale: "C"}, "iı ii|title|straße"},
		{StringNormalizer{Case: CaseUpper, Locale: "xx-Latn-YY.UTF-8@euro"}, "II İI|TITLE|STRAßE"},
		{StringNormalizer{Case: CaseLower, Locale: "tr_TR.UTF-8"}, "ıı ii|tıtle|straße"},
		{StringNormalizer{Case: CaseUpper, Locale: "az"}, "II İİ|TITLE|STRAßE"},
		{StringNormalizer{Case: CaseNone, Locale: "tr-TR", Stopwords: []string{"tıtle"}}, "Iı İi|straße"},
		{StringNormalizer{Case: CaseNone, Locale: "en-US", Stopwords: []string{"tıtle"}}, "Iı İi|TITLE|straße"},
		{StringNormalizer{Case: CaseNone, CaseSensitive: true, Locale: "lt_LT", Stopwords: []string{"TITLE"}}, "Iı İi|straße"},
	} {
		y, err := eval(&c.op, in)
		if err != nil {
			t.Errorf("%+v: %v", c.op, err)
			continue
		}
		if got := strings.Join(y.(*tensor.Tensor).Strings(), "|"); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.op, got, c.want)
		}
	}
}
