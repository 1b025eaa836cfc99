package ir

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// PrintOptions choose what the text form shows.
type PrintOptions struct {
	MaxElements int  // constants with more elements are printed as "…" and do not parse back; 0: no limit
	Names       bool // print the model's names of nodes
	// Place, which may be nil, is asked for each tensor. One that it keeps is printed as the number that it returns, "@3", which [ParseWith]
	// looks up.
	Place func(t *tensor.Tensor) (number int, kept bool)
}

// String is the text form with short constants, for messages and tests.
func (g *Graph) String() string {
	var b strings.Builder
	g.Print(&b, PrintOptions{MaxElements: 64, Names: true})
	return b.String()
}

// Print writes the text form, one node a line:
//
//	graph "main"(%0 "x": f32[N, 3]) -> ("y" %3) {
//	  %1 = Const() {Value=f32[3] [1, 2, 3]} : f32[3]
//	  %2 = Add(%0, %1) : f32[N, 3] @"layer/add"
//	  …
//	}
//
// Absent inputs are printed as _. Attributes that have their zero value are left out.
func (g *Graph) Print(w io.Writer, o PrintOptions) error {
	p := &printer{o: o}
	p.graph(g, "")
	p.b.WriteByte('\n')
	_, err := io.WriteString(w, p.b.String())
	return err
}

type printer struct {
	b strings.Builder
	o PrintOptions
}

func (p *printer) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

func (p *printer) graph(g *Graph, indent string) {
	p.f("graph %q(", g.Name)
	for i, v := range g.inputs {
		if i > 0 {
			p.f(", ")
		}
		p.f("%%%d", v.id)
		if v.Name != "" {
			p.f(" %q", v.Name)
		}
		p.f(": %v", v.Type)
	}
	p.f(") -> (")
	for i, o := range g.outputs {
		if i > 0 {
			p.f(", ")
		}
		if o.Name != "" {
			p.f("%q ", o.Name)
		}
		p.f("%v", o.Value)
	}
	p.f(") {\n")
	for n := range g.Nodes() {
		p.f("%s  ", indent)
		p.node(n, indent+"  ")
		p.b.WriteByte('\n')
	}
	p.f("%s}", indent)
}

func (p *printer) node(n *Node, indent string) {
	for i, v := range n.out {
		if i > 0 {
			p.f(", ")
		}
		p.f("%%%d", v.id)
	}
	p.f(" = %s(", OpName(n.Op))
	for i, v := range n.in {
		if i > 0 {
			p.f(", ")
		}
		p.f("%v", v)
	}
	p.f(")")
	p.attributes(n.Op, indent)
	p.f(" : ")
	for i, v := range n.out {
		if i > 0 {
			p.f(", ")
		}
		p.f("%v", v.Type)
	}
	if p.o.Names && n.Name != "" {
		p.f(" @%q", n.Name)
	}
}

func (p *printer) attributes(op Op, indent string) {
	v := reflect.ValueOf(op)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return
	}
	v = v.Elem()
	first := true
	for _, field := range attributesOf(v.Type()) {
		f := v.FieldByIndex(field.Index)
		if f.IsZero() {
			continue
		}
		if first {
			p.f(" {")
		} else {
			p.f(", ")
		}
		first = false
		p.f("%s=", field.Name)
		p.value(f, indent)
	}
	if !first {
		p.f("}")
	}
}

// attributesOf lists the fields that are attributes; those of embedded structs count as the operator's own.
func attributesOf(t reflect.Type) []reflect.StructField {
	if known, ok := attributeFields.Load(t); ok {
		return known.([]reflect.StructField)
	}
	var list []reflect.StructField
	for _, field := range reflect.VisibleFields(t) {
		if field.IsExported() && !field.Anonymous && field.Tag.Get("gir") != "-" {
			list = append(list, field)
		}
	}
	attributeFields.Store(t, list)
	return list
}

var attributeFields sync.Map // []reflect.StructField by reflect.Type of an operator

func (p *printer) value(v reflect.Value, indent string) {
	switch x := v.Interface().(type) {
	case *Graph:
		p.graph(x, indent)
		return
	case *tensor.Tensor:
		p.tensor(x)
		return
	case tensor.Value:
		p.nested(x)
		return
	case tensor.DType:
		p.f("%v", x)
		return
	case sym.Expr:
		p.f("<%v>", x)
		return
	case []sym.Expr:
		p.f("<%s>", joinDims(x))
		return
	case Type:
		p.f("%v", x)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		p.f("%v", v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.f("%d", v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.f("%d", v.Uint())
	case reflect.Float32:
		p.f("%s", formatFloat(v.Float(), 32))
	case reflect.Float64:
		p.f("%s", formatFloat(v.Float(), 64))
	case reflect.String:
		p.f("%q", v.String())
	case reflect.Pointer:
		p.value(v.Elem(), indent)
	case reflect.Slice, reflect.Array:
		p.f("[")
		for i := range v.Len() {
			if i > 0 {
				p.f(", ")
			}
			p.value(v.Index(i), indent)
		}
		p.f("]")
	case reflect.Map:
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return fmt.Sprint(keys[i]) < fmt.Sprint(keys[j]) })
		p.f("{")
		for i, k := range keys {
			if i > 0 {
				p.f(", ")
			}
			p.f("%q: ", fmt.Sprint(k))
			p.value(v.MapIndex(k), indent)
		}
		p.f("}")
	default:
		p.f("%q", fmt.Sprint(v.Interface()))
	}
}

func (p *printer) nested(x tensor.Value) {
	switch x := x.(type) {
	case *tensor.Tensor:
		p.tensor(x)
	case *tensor.Sequence:
		p.f("seq(%v", x.Elem)
		for _, e := range x.Items {
			p.f(", ")
			p.nested(e)
		}
		p.f(")")
	case *tensor.Optional:
		p.f("opt(")
		if x.Item != nil {
			p.nested(x.Item)
		}
		p.f(")")
	default:
		p.f("%q", "…")
	}
}

func (p *printer) tensor(t *tensor.Tensor) {
	p.f("%v%s ", t.DType(), strings.ReplaceAll(fmt.Sprint(t.Shape()), " ", ", "))
	if p.o.Place != nil {
		if i, kept := p.o.Place(t); kept {
			p.f("@%d", i)
			return
		}
	}
	p.f("[")
	n := t.Len()
	if p.o.MaxElements > 0 && n > p.o.MaxElements {
		p.f("…]")
		return
	}
	for i := range n {
		if i > 0 {
			p.f(", ")
		}
		switch d := t.DType(); {
		case d == tensor.String:
			p.f("%q", t.Strings()[i])
		case d.IsComplex():
			c := t.Complex128(i)
			p.f("%s %s", formatFloat(real(c), 64), formatFloat(imag(c), 64))
		case d == tensor.Uint64:
			p.f("%d", tensor.Data[uint64](t)[i])
		case d.IsInteger(), d == tensor.Bool:
			p.f("%d", t.Int64(i))
		case d == tensor.Float64:
			p.f("%s", formatFloat(t.Float64(i), 64))
		default:
			p.f("%s", formatFloat(t.Float64(i), 32))
		}
	}
	p.f("]")
}

func formatFloat(x float64, bits int) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	case x == 0 && math.Signbit(x):
		return "-0"
	}
	return strconv.FormatFloat(x, 'g', -1, bits)
}

// OpText is an operator with its attributes in text form, constants in full.
func OpText(op Op) string {
	p := &printer{}
	p.b.WriteString(OpName(op))
	p.attributes(op, "")
	return p.b.String()
}
