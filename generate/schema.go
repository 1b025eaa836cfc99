package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SchemaExpression is a regular expression, for [NewPattern], of the values of a JSON schema in JSON without spaces, but for one that may stand behind a colon
// or a comma.
//
// Objects have the properties that are named and no others, in that order. What is understood is type, properties, required, additionalProperties that are
// false, items, minItems, maxItems, minLength, maxLength, enum, const, anyOf, oneOf, $ref to a definition of the same schema that does not lead back to
// itself, and what only describes; anything else is an error. A oneOf is taken as an anyOf.
func SchemaExpression(schema []byte) (string, error) {
	s := &schemaReader{root: schema}
	e, err := s.value(schema, "#", nil)
	if err != nil {
		return "", fmt.Errorf("JSON schema: %w", err)
	}
	return e, nil
}

type schemaReader struct{ root []byte }

// member is one of an object, in the order of the text.
type member struct {
	name  string
	value json.RawMessage
}

// members reads an object.
func members(b []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("want an object, got %.40s", b)
	}
	var list []member
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: t.(string)} // names of members are strings
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	_, err := d.Token()
	return list, err
}

// find is the value of a member, nil if there is none.
func find(list []member, name string) json.RawMessage {
	for _, m := range list {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

const (
	jsonSpace  = ` ?`
	jsonChar   = `(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})`
	jsonWhole  = `-?(?:0|[1-9][0-9]*)`
	jsonNumber = jsonWhole + `(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`

	maxExpression = 1 << 16 // bytes
	maxRepeat     = 1000    // of package regexp
)

// describing are the keywords that restrict nothing.
var describing = []string{"title", "description", "default", "examples", "$schema", "$id", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"}

// value is the expression of a schema at a place; within are the places of definitions that it is part of.
func (s *schemaReader) value(schema []byte, at string, within []string) (string, error) {
	list, err := members(schema)
	if err != nil {
		return "", fmt.Errorf("%s: %w", at, err)
	}
	list = slices.DeleteFunc(list, func(m member) bool { return slices.Contains(describing, m.name) })
	for _, name := range []string{"$ref", "const", "enum", "anyOf", "oneOf"} {
		v := find(list, name)
		if v == nil {
			continue
		}
		for _, m := range list {
			if m.name != name && m.name != "type" {
				return "", fmt.Errorf("%s: %s beside %s is not supported", at, m.name, name)
			}
		}
		e, err := s.choice(name, v, at+"/"+name, within)
		return bounded(e, at, err)
	}
	var types []string
	if t := find(list, "type"); json.Unmarshal(t, &types) != nil {
		types = []string{""}
		if json.Unmarshal(t, &types[0]) != nil {
			return "", fmt.Errorf("%s: type must be a name or a list of names", at)
		}
	}
	var all []string
	used := []string{"type"}
	for _, t := range types {
		e, keywords, err := s.typed(t, list, at, within)
		if err != nil {
			return "", err
		}
		all, used = append(all, e), append(used, keywords...)
	}
	for _, m := range list {
		if !slices.Contains(used, m.name) {
			return "", fmt.Errorf("%s: %s is not supported for type %s", at, m.name, strings.Join(types, ", "))
		}
	}
	return bounded(anyOf(all), at, nil)
}

func bounded(e, at string, err error) (string, error) {
	if err == nil && len(e) > maxExpression {
		err = fmt.Errorf("%s: the expression has %d bytes, more than %d", at, len(e), maxExpression)
	}
	return e, err
}

func anyOf(all []string) string { return "(?:" + strings.Join(all, "|") + ")" }

// choice is the expression of a keyword that stands for all of a value.
func (s *schemaReader) choice(name string, v json.RawMessage, at string, within []string) (string, error) {
	var list []json.RawMessage
	switch name {
	case "$ref":
		return s.reference(v, at, within)
	case "const":
		list = []json.RawMessage{v}
	default:
		if err := json.Unmarshal(v, &list); err != nil || len(list) == 0 {
			return "", fmt.Errorf("%s: want a list that is not empty", at)
		}
	}
	var all []string
	for i, x := range list {
		if name == "anyOf" || name == "oneOf" {
			e, err := s.value(x, at+"/"+strconv.Itoa(i), within)
			if err != nil {
				return "", err
			}
			all = append(all, e)
			continue
		}
		var b bytes.Buffer
		if err := json.Compact(&b, x); err != nil {
			return "", fmt.Errorf("%s: %w", at, err)
		}
		all = append(all, regexp.QuoteMeta(b.String()))
	}
	return anyOf(all), nil
}

// reference is the expression of a definition.
func (s *schemaReader) reference(v json.RawMessage, at string, within []string) (string, error) {
	var to string
	if err := json.Unmarshal(v, &to); err != nil || !strings.HasPrefix(to, "#/") {
		return "", fmt.Errorf("%s: %s is not the place of a definition, such as #/$defs/name", at, v)
	}
	if slices.Contains(within, to) {
		return "", fmt.Errorf("%s: %s leads back to itself, which an expression cannot", at, to)
	}
	schema := json.RawMessage(s.root)
	for _, name := range strings.Split(to[2:], "/") {
		list, err := members(schema)
		if err != nil {
			return "", fmt.Errorf("%s: %w", at, err)
		}
		if schema = find(list, strings.NewReplacer("~1", "/", "~0", "~").Replace(name)); schema == nil {
			return "", fmt.Errorf("%s: there is no %s", at, to)
		}
	}
	return s.value(schema, to, append(slices.Clone(within), to))
}

// typed is the expression of a type, and the keywords that it has taken into account.
func (s *schemaReader) typed(t string, list []member, at string, within []string) (e string, keywords []string, err error) {
	switch t {
	case "null":
		return "null", nil, nil
	case "boolean":
		return "(?:true|false)", nil, nil
	case "integer":
		return jsonWhole, nil, nil
	case "number":
		return jsonNumber, nil, nil
	case "string":
		repeat, err := times(list, "minLength", "maxLength", at, 0)
		return `"` + jsonChar + repeat + `"`, []string{"minLength", "maxLength"}, err
	case "array":
		e, err = s.array(list, at, within)
		return e, []string{"items", "minItems", "maxItems"}, err
	case "object":
		e, err = s.object(list, at, within)
		return e, []string{"properties", "required", "additionalProperties"}, err
	}
	return "", nil, fmt.Errorf("%s: type %q is not supported", at, t)
}

// times is the repetition that two keywords ask for, less some.
func times(list []member, least, most, at string, less int) (string, error) {
	lo, hi := 0, -1
	for name, to := range map[string]*int{least: &lo, most: &hi} {
		v := find(list, name)
		if v == nil {
			continue
		}
		if err := json.Unmarshal(v, to); err != nil || *to < 0 || *to > maxRepeat {
			return "", fmt.Errorf("%s: %s must be a number from 0 to %d, got %s", at, name, maxRepeat, v)
		}
	}
	lo = max(0, lo-less)
	switch {
	case hi < 0:
		return fmt.Sprintf("{%d,}", lo), nil
	case hi-less < lo:
		return "", fmt.Errorf("%s: %s is greater than %s", at, least, most)
	}
	return fmt.Sprintf("{%d,%d}", lo, hi-less), nil
}

func (s *schemaReader) array(list []member, at string, within []string) (string, error) {
	items := find(list, "items")
	if items == nil {
		return "", fmt.Errorf("%s: an array must say what its items are", at)
	}
	item, err := s.value(items, at+"/items", within)
	if err != nil {
		return "", err
	}
	if string(find(list, "maxItems")) == "0" {
		_, err := times(list, "minItems", "maxItems", at, 0)
		return `\[\]`, err
	}
	rest, err := times(list, "minItems", "maxItems", at, 1)
	if err != nil {
		return "", err
	}
	all := `\[` + item + "(?:," + jsonSpace + item + ")" + rest + `\]`
	if least := find(list, "minItems"); least == nil || string(least) == "0" {
		all = `(?:\[\]|` + all + ")"
	}
	return all, nil
}

func (s *schemaReader) object(list []member, at string, within []string) (string, error) {
	if v := find(list, "additionalProperties"); v != nil && string(v) != "false" {
		return "", fmt.Errorf("%s: additionalProperties must be false, got %.40s", at, v)
	}
	var required []string
	if v := find(list, "required"); v != nil {
		if err := json.Unmarshal(v, &required); err != nil {
			return "", fmt.Errorf("%s: required: %w", at, err)
		}
	}
	var properties []member
	if v := find(list, "properties"); v != nil {
		var err error
		if properties, err = members(v); err != nil {
			return "", fmt.Errorf("%s: properties: %w", at, err)
		}
	}
	for _, name := range required {
		if find(properties, name) == nil {
			return "", fmt.Errorf("%s: property %q is required and not described", at, name)
		}
	}
	// Each alternative begins with another property, all before which are optional.
	alternatives, rest, empty := []string{}, "", true
	for i := len(properties) - 1; i >= 0; i-- {
		p := properties[i]
		e, err := s.value(p.value, at+"/properties/"+p.name, within)
		if err != nil {
			return "", err
		}
		name, err := json.Marshal(p.name)
		if err != nil {
			return "", err
		}
		e = regexp.QuoteMeta(string(name)) + ":" + jsonSpace + e
		if slices.Contains(required, p.name) { // none before can be left out for one behind
			alternatives, rest, empty = []string{e + rest}, "(?:,"+jsonSpace+e+")"+rest, false
		} else {
			alternatives, rest = append(alternatives, e+rest), "(?:,"+jsonSpace+e+")?"+rest
		}
		if e, err := bounded(rest, at, nil); err != nil {
			return e, err
		}
	}
	slices.Reverse(alternatives)
	if empty {
		alternatives = append(alternatives, "")
	}
	return `\{` + anyOf(alternatives) + `\}`, nil
}
