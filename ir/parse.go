package ir

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Parse reads the text form that Print writes. Types of results may be left out: they are inferred, and a type that is
// given must agree. Values may have names instead of numbers (%mask). Beside what Print writes, a tensor's contents may be
// "splat 0.5" or "iota".
func Parse(src string) (*Graph, error) { return ParseWith(src, nil) }

// ParseWith is Parse for a text that was printed with numbers in place of tensors; see [PrintOptions]. Kept returns the tensor of a number, whose
// type and shape have to be those in the text.
func ParseWith(src string, kept func(number int) (*tensor.Tensor, error)) (*Graph, error) {
	p := &parser{scanner: scanner{src: src, line: 1}, kept: kept}
	g, err := p.graph(sym.NewScope())
	if err != nil {
		return nil, err
	}
	if !p.eof() {
		return nil, p.errorf("text after the graph")
	}
	return g, nil
}

const maxDepth = 64 // of bodies within bodies in the text form

type parser struct {
	scanner
	depth int
	kept  func(number int) (*tensor.Tensor, error)
}

func (p *parser) graph(scope *sym.Scope) (*Graph, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("graphs nested too deeply")
	}
	defer func() { p.depth-- }()
	if err := p.expect("graph"); err != nil {
		return nil, err
	}
	name, err := p.quoted()
	if err != nil {
		return nil, err
	}
	g := NewGraph(name, scope)
	values := map[string]*Value{}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for first := true; !p.accept(")"); first = false {
		if err := p.comma(first); err != nil {
			return nil, err
		}
		if err := p.input(g, values); err != nil {
			return nil, err
		}
	}
	if err := p.expect("->"); err != nil {
		return nil, err
	}
	type output struct{ name, ref string }
	var outs []output
	if err := p.expect("("); err != nil {
		return nil, err
	}
	for first := true; !p.accept(")"); first = false {
		if err := p.comma(first); err != nil {
			return nil, err
		}
		var o output
		if p.peek(`"`) {
			if o.name, err = p.quoted(); err != nil {
				return nil, err
			}
		}
		if err := p.expect("%"); err != nil {
			return nil, err
		}
		o.ref = p.word()
		outs = append(outs, o)
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	for !p.accept("}") {
		if err := p.node(g, values); err != nil {
			return nil, err
		}
	}
	results := make([]Output, len(outs))
	for i, o := range outs {
		v := values[o.ref]
		if v == nil {
			return nil, p.errorf("output %%%s is not defined", o.ref)
		}
		results[i] = Output{Name: o.name, Value: v}
	}
	g.SetOutputs(results...)
	return g, nil
}

func (p *parser) comma(first bool) error {
	if first {
		return nil
	}
	return p.expect(",")
}

func (p *parser) input(g *Graph, values map[string]*Value) error {
	if err := p.expect("%"); err != nil {
		return err
	}
	ref := p.word()
	name := ""
	if p.peek(`"`) {
		var err error
		if name, err = p.quoted(); err != nil {
			return err
		}
	}
	if err := p.expect(":"); err != nil {
		return err
	}
	t, err := p.typ(g.Scope)
	if err != nil {
		return err
	}
	if values[ref] != nil {
		return p.errorf("%%%s is defined twice", ref)
	}
	values[ref] = g.AddInput(name, t)
	return nil
}

func (p *parser) node(g *Graph, values map[string]*Value) error {
	var refs []string
	for {
		if err := p.expect("%"); err != nil {
			return err
		}
		refs = append(refs, p.word())
		if !p.accept(",") {
			break
		}
	}
	if err := p.expect("="); err != nil {
		return err
	}
	op, err := NewOp(p.word())
	if err != nil {
		return p.errorf("%v", err)
	}
	var in []*Value
	if err := p.expect("("); err != nil {
		return err
	}
	for first := true; !p.accept(")"); first = false {
		if err := p.comma(first); err != nil {
			return err
		}
		if p.accept("_") {
			in = append(in, nil)
			continue
		}
		if err := p.expect("%"); err != nil {
			return err
		}
		ref := p.word()
		if values[ref] == nil {
			return p.errorf("%%%s is not defined", ref)
		}
		in = append(in, values[ref])
	}
	if p.accept("{") {
		if err := p.attributes(op, g.Scope); err != nil {
			return err
		}
	}
	n, err := g.Add(op, in...)
	if err != nil {
		return p.errorf("%v", err)
	}
	if len(n.out) != len(refs) {
		return p.errorf("%s has %d results, %d are named", OpName(op), len(n.out), len(refs))
	}
	if p.accept(":") {
		for i, v := range n.out {
			if err := p.comma(i == 0); err != nil {
				return err
			}
			t, err := p.typ(g.Scope)
			if err != nil {
				return err
			}
			if !Compatible(t, v.Type) {
				return p.errorf("result %d of %s is %v, not %v", i, OpName(op), v.Type, t)
			}
			v.Type = t
		}
	}
	if p.accept("@") {
		if n.Name, err = p.quoted(); err != nil {
			return err
		}
	}
	for i, r := range refs {
		if values[r] != nil {
			return p.errorf("%%%s is defined twice", r)
		}
		values[r] = n.out[i]
	}
	return nil
}

func (p *parser) attributes(op Op, scope *sym.Scope) error {
	v := reflect.ValueOf(op).Elem()
	for first := true; !p.accept("}"); first = false {
		if err := p.comma(first); err != nil {
			return err
		}
		name := p.word()
		f := v.FieldByName(name)
		if field, _ := v.Type().FieldByName(name); !f.IsValid() || !f.CanSet() || field.Tag.Get("gir") == "-" {
			return p.errorf("%s has no attribute %q", OpName(op), name)
		}
		if err := p.expect("="); err != nil {
			return err
		}
		if err := p.value(f, scope); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) value(f reflect.Value, scope *sym.Scope) error {
	var x any
	var err error
	switch f.Interface().(type) {
	case *Graph:
		x, err = p.graph(scope)
	case *tensor.Tensor:
		x, err = p.tensor()
	case tensor.DType:
		x, err = p.dtype()
	case sym.Expr:
		var e []sym.Expr
		if e, err = p.exprs(scope); err == nil && len(e) != 1 {
			err = p.errorf("expected one expression")
		} else if err == nil {
			x = e[0]
		}
	case []sym.Expr:
		x, err = p.exprs(scope)
	case Type:
		x, err = p.typ(scope)
	default:
		if f.Type() == reflect.TypeFor[tensor.Value]() {
			x, err = p.nested()
			break
		}
		return p.plain(f, scope)
	}
	if err == nil {
		f.Set(reflect.ValueOf(x))
	}
	return err
}

func (p *parser) plain(f reflect.Value, scope *sym.Scope) error {
	switch f.Kind() {
	case reflect.Slice:
		if err := p.expect("["); err != nil {
			return err
		}
		s := reflect.MakeSlice(f.Type(), 0, 0)
		for first := true; !p.accept("]"); first = false {
			if err := p.comma(first); err != nil {
				return err
			}
			e := reflect.New(f.Type().Elem()).Elem()
			if err := p.value(e, scope); err != nil {
				return err
			}
			s = reflect.Append(s, e)
		}
		f.Set(s)
		return nil
	case reflect.Array:
		if err := p.expect("["); err != nil {
			return err
		}
		for i := range f.Len() {
			if err := p.comma(i == 0); err != nil {
				return err
			}
			if err := p.value(f.Index(i), scope); err != nil {
				return err
			}
		}
		return p.expect("]")
	case reflect.Pointer:
		e := reflect.New(f.Type().Elem())
		if err := p.value(e.Elem(), scope); err != nil {
			return err
		}
		f.Set(e)
		return nil
	case reflect.String:
		s, err := p.quoted()
		f.SetString(s)
		return err
	}
	w := p.word()
	var err error
	switch f.Kind() {
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(w)
		f.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(w, 10, f.Type().Bits())
		f.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(w, 10, f.Type().Bits())
		f.SetUint(n)
	case reflect.Float32, reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(w, f.Type().Bits())
		f.SetFloat(x)
	default:
		return p.errorf("attributes of type %v have no text form", f.Type())
	}
	if err != nil {
		return p.errorf("%v", err)
	}
	return nil
}

func (p *parser) exprs(scope *sym.Scope) ([]sym.Expr, error) {
	if err := p.expect("<"); err != nil {
		return nil, err
	}
	text, err := p.until('>')
	if err != nil {
		return nil, err
	}
	return p.parseDims(text, scope)
}

func (p *parser) parseDims(text string, scope *sym.Scope) ([]sym.Expr, error) {
	dims := []sym.Expr{}
	for _, part := range splitTop(text) {
		e, err := sym.Parse(part, scope)
		if err != nil {
			return nil, p.errorf("%v", err)
		}
		dims = append(dims, e)
	}
	return dims, nil
}

func (p *parser) dtype() (tensor.DType, error) {
	w := p.word()
	d, ok := tensor.ParseDType(w)
	if !ok {
		return d, p.errorf("%q is no element type", w)
	}
	return d, nil
}

func (p *parser) typ(scope *sym.Scope) (Type, error) {
	if p.depth++; p.depth > maxDepth {
		return Type{}, p.errorf("types nested too deeply")
	}
	defer func() { p.depth-- }()
	w := p.word()
	switch w {
	case "seq", "opt":
		if err := p.expect("<"); err != nil {
			return Type{}, err
		}
		item, err := p.typ(scope)
		if err != nil {
			return Type{}, err
		}
		if w == "seq" {
			return SequenceType(item), p.expect(">")
		}
		return OptionalType(item), p.expect(">")
	case "map":
		if err := p.expect("<"); err != nil {
			return Type{}, err
		}
		key, err := p.dtype()
		if err == nil {
			err = p.expect(",")
		}
		if err != nil {
			return Type{}, err
		}
		item, err := p.typ(scope)
		if err != nil {
			return Type{}, err
		}
		return MapType(key, item), p.expect(">")
	}
	d, ok := tensor.ParseDType(w)
	if !ok && w != tensor.Invalid.String() {
		return Type{}, p.errorf("%q is no type", w)
	}
	if err := p.expect("["); err != nil {
		return Type{}, err
	}
	if p.accept("*") {
		return UnrankedType(d), p.expect("]")
	}
	text, err := p.until(']')
	if err != nil {
		return Type{}, err
	}
	dims, err := p.parseDims(text, scope)
	return TensorType(d, dims...), err
}

func (p *parser) nested() (tensor.Value, error) {
	switch {
	case p.peek("seq("):
		p.accept("seq(")
		d, err := p.dtype()
		if err != nil {
			return nil, err
		}
		s := &tensor.Sequence{Elem: d}
		for p.accept(",") {
			x, err := p.nested()
			if err != nil {
				return nil, err
			}
			s.Items = append(s.Items, x)
		}
		return s, p.expect(")")
	case p.peek("opt("):
		p.accept("opt(")
		if p.accept(")") {
			return &tensor.Optional{}, nil
		}
		x, err := p.nested()
		if err != nil {
			return nil, err
		}
		return &tensor.Optional{Item: x}, p.expect(")")
	}
	return p.tensor()
}

const maxParsedElements = 1 << 24 // splat and iota in the text form

func (p *parser) tensor() (*tensor.Tensor, error) {
	d, err := p.dtype()
	if err != nil {
		return nil, err
	}
	if err := p.expect("["); err != nil {
		return nil, err
	}
	shape := []int{}
	for first := true; !p.accept("]"); first = false {
		if err := p.comma(first); err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(p.word())
		if err != nil {
			return nil, p.errorf("%v", err)
		}
		shape = append(shape, n)
	}
	if p.accept("@") {
		return p.placed(d, shape)
	}
	n, err := tensor.NumElements(shape)
	if err != nil || n > maxParsedElements {
		return nil, p.errorf("bad shape %v", shape)
	}
	if err := p.expect("["); err != nil {
		return nil, err
	}
	if p.peek("splat") || p.peek("iota") {
		return p.filled(d, shape)
	}
	if n > len(p.src)-p.pos { // every element takes at least a character
		return nil, p.errorf("shape %v holds more elements than are given", shape)
	}
	t := tensor.New(d, shape...)
	for i := range n {
		if err := p.comma(i == 0); err != nil {
			return nil, err
		}
		if err := p.element(t, i); err != nil {
			return nil, err
		}
	}
	return t, p.expect("]")
}

// placed is the tensor that a number stands for.
func (p *parser) placed(d tensor.DType, shape []int) (*tensor.Tensor, error) {
	i, err := strconv.Atoi(p.word())
	if err != nil {
		return nil, p.errorf("%v", err)
	}
	if p.kept == nil {
		return nil, p.errorf("tensor @%d is kept elsewhere", i)
	}
	t, err := p.kept(i)
	if err != nil {
		return nil, p.errorf("tensor @%d: %v", i, err)
	}
	if t.DType() != d || !slices.Equal(t.Shape(), shape) {
		return nil, p.errorf("tensor @%d is %v%v, the text says %v%v", i, t.DType(), t.Shape(), d, shape)
	}
	return t, nil
}

func (p *parser) filled(d tensor.DType, shape []int) (*tensor.Tensor, error) {
	t := tensor.New(d, shape...)
	if p.accept("iota") {
		for i := range t.Len() {
			t.SetFloat64(i, float64(i))
		}
		return t, p.expect("]")
	}
	p.accept("splat")
	if t.Len() == 0 {
		p.word()
		return t, p.expect("]")
	}
	start := p.pos
	for i := range t.Len() {
		p.pos = start
		if err := p.element(t, i); err != nil {
			return nil, err
		}
	}
	return t, p.expect("]")
}

func (p *parser) element(t *tensor.Tensor, i int) error {
	d := t.DType()
	if d == tensor.String {
		s, err := p.quoted()
		t.Strings()[i] = s
		return err
	}
	w := p.word()
	var err error
	switch {
	case d.IsComplex():
		var re, im float64
		if re, err = strconv.ParseFloat(w, 64); err == nil {
			im, err = strconv.ParseFloat(p.word(), 64)
		}
		t.SetComplex128(i, complex(re, im))
	case d == tensor.Uint64:
		tensor.Data[uint64](t)[i], err = strconv.ParseUint(w, 10, 64)
	case d.IsInteger() || d == tensor.Bool:
		var n int64
		n, err = strconv.ParseInt(w, 10, 64)
		t.SetInt64(i, n)
	default:
		var x float64
		x, err = strconv.ParseFloat(w, 64)
		t.SetFloat64(i, x)
	}
	if err != nil {
		return fmt.Errorf("line %d: element %d: %w", p.line, i, err)
	}
	return nil
}
