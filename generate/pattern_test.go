package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// vocabularyOf are tokens of one byte each, some of more, one that is no text, and the end, which is the last.
func vocabularyOf(more ...string) (vocabulary [][]byte, end int64) {
	for b := range 256 {
		vocabulary = append(vocabulary, []byte{byte(b)})
	}
	for _, s := range more {
		vocabulary = append(vocabulary, []byte(s))
	}
	vocabulary = append(vocabulary, nil, []byte("</s>"))
	return vocabulary, int64(len(vocabulary) - 1)
}

// allowed lists the tokens that may follow.
func allowed(t *testing.T, p *Pattern, tokens []int64) (list []int64) {
	t.Helper()
	scores := make([]float32, len(p.vocabulary)+3)
	if err := p.Restrict(tokens, scores); err != nil {
		t.Fatal(err)
	}
	for id, x := range scores {
		if !math.IsInf(float64(x), -1) {
			list = append(list, int64(id))
		}
	}
	return list
}

// TestPattern walks at random through what patterns allow: every way that ends is a text that matches, a token that goes on to one is allowed, and the
// end is allowed just where the text matches.
func TestPattern(t *testing.T) {
	vocabulary, end := vocabularyOf("ab", "abc", "b", "12", "19", "é", "\xc3", "€uro", "é€", "\xe2\x82", "\n", "tru", "true", "K")
	for _, expression := range []string{"abc", "(ab|abc)c?", "a{2,5}b*", "[0-9]{4}-(0[1-9]|1[0-2])", "(é|€)+x?", "[^a-z\\n]{0,3}end", "(?i)k+é?", ".{3}", "(?s).{2}", "true|false|", "[α-ω]+|🙂a*"} {
		p, err := NewPattern(expression, vocabulary, end)
		if err != nil {
			t.Fatal(err)
		}
		whole := regexp.MustCompile(`\A(?:` + expression + `)\z`)
		r := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			var tokens []int64
			var text []byte
			for {
				next := allowed(t, p, tokens)
				if got, want := len(next) > 0 && next[len(next)-1] == end, utf8.Valid(text) && whole.Match(text); got != want {
					t.Fatalf("%s: behind %q the end is allowed: %v", expression, text, got)
				}
				if len(next) == 0 {
					t.Fatalf("%s: nothing may follow %q", expression, text)
				}
				id := next[r.IntN(len(next))]
				if id == end || len(text) > 60 {
					break
				}
				if len(vocabulary[id]) == 0 {
					t.Fatalf("%s: a token without text may follow %q", expression, text)
				}
				tokens, text = append(tokens, id), append(text, vocabulary[id]...)
			}
		}
	}
}

// TestPatternAllows: any division of a text that matches into tokens is allowed.
func TestPatternAllows(t *testing.T) {
	vocabulary, end := vocabularyOf("ab", "abc", "12", "é", "\xe2\x82", "true", "{\"", "\": ")
	r := rand.New(rand.NewPCG(3, 4))
	for expression, texts := range map[string][]string{
		"(ab|abc)c?":         {"abc", "abcc", "ab"},
		"[é€]+ (true|12)":    {"é€é true", "€ 12"},
		"(?i)straße|k":       {"STRAßE", "straẞe", "K", "k"},
		`\{"a": (12|true)\}`: {`{"a": 12}`, `{"a": true}`},
	} {
		p, err := NewPattern(expression, vocabulary, end)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			for range 50 {
				var tokens []int64
				for rest := text; rest != ""; {
					var fits []int64
					for id, v := range vocabulary {
						if len(v) > 0 && strings.HasPrefix(rest, string(v)) {
							fits = append(fits, int64(id))
						}
					}
					id := fits[r.IntN(len(fits))]
					found := false
					for _, a := range allowed(t, p, tokens) {
						found = found || a == id
					}
					if !found {
						t.Fatalf("%s: %q may not follow %q", expression, vocabulary[id], text[:len(text)-len(rest)])
					}
					tokens, rest = append(tokens, id), rest[len(vocabulary[id]):]
				}
			}
		}
	}
}

func TestPatternErrors(t *testing.T) {
	vocabulary, end := vocabularyOf()
	for expression, want := range map[string]string{"a(": "missing closing )", "^a": "has an assertion", `a\b`: "has an assertion"} {
		if _, err := NewPattern(expression, vocabulary, end); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", expression, err, want)
		}
	}
	if _, err := NewPattern("a", vocabulary, 1000); err == nil {
		t.Error("an end token that is not there is taken")
	}
	p, err := NewPattern("ab", vocabulary, end)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Restrict([]int64{'b'}, make([]float32, 300)); err == nil || !strings.Contains(err.Error(), "token 98, number 0, does not follow") {
		t.Errorf("got error %v", err)
	}
	if err := p.Restrict(nil, make([]float32, 7)); err == nil || !strings.Contains(err.Error(), "7 scores are fewer than the 258 tokens") {
		t.Errorf("got error %v", err)
	}
}

// TestConstraint: a model says a date in the one form that is asked for, in whatever way it is generated.
func TestConstraint(t *testing.T) {
	s := newSayer(t)
	vocabulary := make([][]byte, len(s.alphabet))
	for i := 1; i < len(vocabulary); i++ {
		vocabulary[i] = []byte{s.alphabet[i]}
	}
	form := `ju(ne|ly) [0-9]{1,2} [0-9]{4}`
	p, err := NewPattern(form, vocabulary, 0)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Stop: []int64{0}, MaxTokens: 60, Constraint: p}
	prompt := s.tokens("1969-07-21:")
	check := func(what string, ids []int64) {
		t.Helper()
		if got := s.text(ids); got != "july 21 1969" {
			t.Errorf("%s: got %q", what, got)
		}
	}
	check("alone", collect(t, New(s.decoder(), o), 0, prompt...))
	check("speculative", collect(t, NewSpeculative(s.decoder(), s.decoder(), 3, o), 0, prompt...))
	found, err := Beam(context.Background(), s.decoder(), prompt, BeamOptions{Width: 3, MaxTokens: 60, Stop: []int64{0}, Constraint: p})
	if err != nil {
		t.Fatal(err)
	}
	check("beam", found[0].Tokens)
	if o.Constraint, err = NewPattern("never ☃", vocabulary, 0); err != nil {
		t.Fatal(err)
	}
	for _, err := range New(s.decoder(), o).Tokens(context.Background(), prompt) {
		if err != nil && !strings.Contains(err.Error(), "no token may follow by the constraint") {
			t.Error(err)
		}
	}
}

// TestSchema: what the expression of a schema allows is JSON with these values, and what is not of the schema does not match.
func TestSchema(t *testing.T) {
	for _, c := range []struct {
		schema string
		yes    []string
		no     []string
	}{
		{`{"type": "integer"}`, []string{"0", "-12"}, []string{"01", "1.5", "-"}},
		{`{"type": ["number", "null"]}`, []string{"0.5e-3", "null", "10"}, []string{".5", "1.", "nul"}},
		{`{"type": "string", "minLength": 1, "maxLength": 2}`, []string{`"é"`, `"\n\u00e9"`}, []string{`""`, `"abc"`, "\"\n\"", `"\x"`}},
		{`{"enum": ["a+b", 1, null, {"x": [1, 2]}]}`, []string{`"a+b"`, "1", "null", `{"x":[1,2]}`}, []string{`"aab"`, "2"}},
		{`{"type": "array", "items": {"type": "boolean"}}`, []string{"[]", "[true, false,true]"}, []string{"[true,]", "[1]"}},
		{`{"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 3}`, []string{"[1,1]", "[1, 1, 1]"}, []string{"[]", "[1]", "[1,1,1,1]"}},
		{`{"type": "array", "items": {"const": 1}, "maxItems": 0}`, []string{"[]"}, []string{"[1]"}},
		{`{"title": "t", "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}, "c": {"enum": ["x"]}}, "required": ["b"]}`,
			[]string{`{"a": 1, "b": null, "c": "x"}`, `{"b":null}`, `{"b": null,"c":"x"}`, `{"a":1,"b":null}`}, []string{`{}`, `{"a": 1}`, `{"b": null, "a": 1}`, `{"c": "x"}`, `{,"b":null}`}},
		{`{"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "additionalProperties": false}`, []string{`{}`, `{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`}, []string{`{"a":1"b":2}`, `{"z":1}`}},
		{`{"$defs": {"p": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}}, "anyOf": [{"$ref": "#/$defs/p"}, {"type": "array", "items": {"$ref": "#/$defs/p"}}]}`,
			[]string{`{"x": 1}`, `[{"x":1}, {"x":2}]`}, []string{`{"x": {}}`}},
	} {
		e, err := SchemaExpression([]byte(c.schema))
		if err != nil {
			t.Errorf("%s: %v", c.schema, err)
			continue
		}
		whole := regexp.MustCompile(`\A(?:` + e + `)\z`)
		for _, s := range c.yes {
			if !json.Valid([]byte(s)) || !whole.MatchString(s) {
				t.Errorf("%s: %s does not match", c.schema, s)
			}
		}
		for _, s := range c.no {
			if whole.MatchString(s) {
				t.Errorf("%s: %s matches", c.schema, s)
			}
		}
		vocabulary, end := vocabularyOf(`{"`, `": `, "true", `, "`)
		p, err := NewPattern(e, vocabulary, end)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(5, 6))
		for range 20 {
			var tokens []int64
			var text []byte
			for len(text) < 300 {
				next := allowed(t, p, tokens)
				id := next[r.IntN(len(next))]
				if next[len(next)-1] == end {
					id = end
				}
				if id == end {
					if !json.Valid(text) {
						t.Fatalf("%s: %q is no JSON", c.schema, text)
					}
					break
				}
				tokens, text = append(tokens, id), append(text, vocabulary[id]...)
			}
		}
	}
}

func TestSchemaErrors(t *testing.T) {
	for schema, want := range map[string]string{
		`[`:                                  "#: want an object",
		`{"type": "integer"`:                 "#: EOF",
		`{}`:                                 "type must be a name",
		`{"type": "thing"}`:                  `type "thing" is not supported`,
		`{"type": "integer", "minimum": 1}`:  "#: minimum is not supported for type integer",
		`{"type": "string", "pattern": "a"}`: "pattern is not supported",
		`{"type": "string", "minLength": 5, "maxLength": 2}`:           "minLength is greater than maxLength",
		`{"type": "string", "maxLength": 100000}`:                      "from 0 to 1000",
		`{"type": "array"}`:                                            "must say what its items are",
		`{"type": "object", "required": ["a"]}`:                        `property "a" is required and not described`,
		`{"type": "object", "additionalProperties": true}`:             "additionalProperties must be false",
		`{"$ref": "#/$defs/a"}`:                                        "there is no #/$defs/a",
		`{"$ref": "http://x"}`:                                         "is not the place of a definition",
		`{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}`: "leads back to itself",
		`{"enum": []}`: "a list that is not empty",
		`{"anyOf": [{"type": "null"}], "minLength": 3}`:                         "minLength beside anyOf is not supported",
		`{"type": "object", "properties": {"a": {"type": "array"}}}`:            "#/properties/a: an array must say",
		`{"type": "object", "properties": ` + many(12, `{"type":"null"}`) + `}`: "the expression has",
	} {
		if _, err := SchemaExpression([]byte(schema)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got error %v, want %q", schema, err, want)
		}
	}
}

// many is an object of properties nested so deep, three in each, that expressions grow with.
func many(depth int, schema string) string {
	for range depth {
		schema = fmt.Sprintf(`{"a": %s, "b": %[1]s, "c": %[1]s}`, schema)
		if depth > 1 {
			schema = `{"type": "object", "properties": ` + schema + `}`
		}
	}
	return `{"x": ` + schema + `}`
}
