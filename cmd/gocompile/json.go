package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

func looksLikeJSON(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && (strings.ContainsRune(`[{"-0123456789`, rune(s[0])) || s == "true" || s == "false") && json.Valid([]byte(s))
}

// object reads a file with an object of inputs by name.
func (r *inputReader) object(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return fmt.Errorf("%s: expected an object of inputs by name: %w", path, err)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		p, ok := r.port(name)
		if !ok {
			return r.unknown(name)
		}
		x, err := fromJSON(values[name], p.Type)
		if err != nil {
			return fmt.Errorf("input %q: %w", name, err)
		}
		if err := r.set(name, x); err != nil {
			return err
		}
	}
	return nil
}

// fromJSON reads a number, string or boolean, or lists of them nested as deep as the tensor has axes. Numbers that JSON has not are the
// strings "NaN", "Infinity" and "-Infinity".
func fromJSON(b []byte, t ir.Type) (tensor.Value, error) {
	if t.Kind == ir.KindOptional && t.Item != nil {
		t = *t.Item
	}
	if t.Kind != ir.KindTensor || t.Elem == tensor.Invalid || t.Elem.IsComplex() {
		return nil, fmt.Errorf("a value of type %v cannot be written as JSON; give a .pb file", t)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not valid JSON: more than one value")
	}
	var shape []int
	for x := root; ; {
		list, ok := x.([]any)
		if !ok {
			break
		}
		shape = append(shape, len(list))
		if len(list) == 0 {
			break
		}
		x = list[0]
	}
	var leaves []any
	if err := flatten(root, shape, &leaves); err != nil {
		return nil, err
	}
	if n := len(shape); n > 0 && shape[n-1] == 0 && t.Ranked {
		for len(shape) < len(t.Dims) { // [] stands for any shape without elements
			shape = append(shape, 0)
		}
	}
	x := tensor.New(t.Elem, shape...)
	for i, leaf := range leaves {
		if err := setLeaf(x, i, leaf); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// flatten appends the elements of nested lists, all of which must have the given lengths.
func flatten(x any, shape []int, leaves *[]any) error {
	list, ok := x.([]any)
	if ok != (len(shape) > 0) || ok && len(list) != shape[0] {
		return fmt.Errorf("lists differ in length or depth; the first ones have shape %s", shapeText(shape))
	}
	if !ok {
		*leaves = append(*leaves, x)
		return nil
	}
	for _, e := range list {
		if err := flatten(e, shape[1:], leaves); err != nil {
			return err
		}
	}
	return nil
}

func setLeaf(x *tensor.Tensor, i int, leaf any) error {
	d := x.DType()
	fail := func() error { return fmt.Errorf("%v is no element of type %v", leaf, d) }
	switch v := leaf.(type) {
	case string:
		if d == tensor.String {
			x.Strings()[i] = v
			return nil
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !d.IsFloat() || !math.IsNaN(f) && !math.IsInf(f, 0) {
			return fail()
		}
		x.SetFloat64(i, f)
	case bool:
		if d != tensor.Bool {
			return fail()
		}
		if v {
			x.SetInt64(i, 1)
		}
	case json.Number:
		if d.IsFloat() {
			f, err := v.Float64()
			if err != nil {
				return fail()
			}
			x.SetFloat64(i, f)
			return nil
		}
		if !d.IsInteger() {
			return fail()
		}
		n, err := v.Int64()
		if err != nil {
			u, uerr := strconv.ParseUint(v.String(), 10, 64)
			if uerr != nil || d != tensor.Uint64 {
				return fail()
			}
			n = int64(u)
		}
		x.SetInt64(i, n)
		if x.Int64(i) != n || n < 0 && !d.IsSigned() {
			return fail()
		}
	default:
		return fail()
	}
	return nil
}

// jsonValue is a result as JSON: its type, shape and elements in row-major order.
type jsonValue struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape,omitempty"`
	Data  any    `json:"data"`
}

func toJSON(name string, v tensor.Value) jsonValue {
	j := jsonValue{Name: name, Type: ir.TypeOf(v).String()}
	switch v := v.(type) {
	case *tensor.Tensor:
		j.Type, j.Shape = v.DType().String(), slices.Concat([]int{}, v.Shape())
		data := make([]any, v.Len())
		for i := range data {
			data[i] = jsonElement(v, i)
		}
		j.Data = data
	case *tensor.Sequence:
		items := make([]jsonValue, len(v.Items))
		for i, x := range v.Items {
			items[i] = toJSON("", x)
		}
		j.Data = items
	case *tensor.Optional:
		if v.Item != nil {
			j.Data = toJSON("", v.Item)
		}
	case *tensor.Map:
		j.Data = map[string]jsonValue{"keys": toJSON("", v.Keys), "values": toJSON("", v.Values)}
	}
	return j
}

func jsonElement(t *tensor.Tensor, i int) any {
	switch d := t.DType(); {
	case d == tensor.String:
		return t.Strings()[i]
	case d == tensor.Bool:
		return t.Int64(i) != 0
	case d == tensor.Uint64:
		return uint64(t.Int64(i))
	case d.IsInteger():
		return t.Int64(i)
	case d.IsComplex():
		c := t.Complex128(i)
		return []any{jsonFloat(real(c), 64), jsonFloat(imag(c), 64)}
	case d == tensor.Float64:
		return jsonFloat(t.Float64(i), 64)
	}
	return jsonFloat(t.Float64(i), 32)
}

// jsonFloat writes a number with as many digits as its type needs, and what JSON has no number for as a string.
func jsonFloat(f float64, bits int) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, bits))
}
