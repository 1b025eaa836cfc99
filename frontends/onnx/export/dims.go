package export

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// dimension writes the arithmetic of an expression; the result is an i64 vector of one element.
func (s *scope) dimension(e sym.Expr) (string, error) {
	if err := e.Err(); err != nil {
		return "", err
	}
	if name, ok := s.dims[e.Key()]; ok {
		return name, nil
	}
	b := &arithmetic{scope: s}
	name := sym.Build[string](e, b)
	if b.err == nil {
		s.dims[e.Key()] = name
	}
	return name, b.err
}

// reach reports whether all symbols of e can be read somewhere.
func (s *scope) reach(e sym.Expr) bool {
	if e.Err() != nil {
		return false
	}
	for _, y := range e.Symbols() {
		found := false
		for o := s; o != nil && !found; o = o.outer {
			_, found = o.sizes[y]
		}
		if !found {
			return false
		}
	}
	return true
}

// arithmetic is the [sym.Builder] of nodes.
type arithmetic struct {
	*scope
	err error
}

func (b *arithmetic) Const(n int64) string { return b.integers(n) }

func (b *arithmetic) Symbol(y *sym.Symbol) string {
	if name, ok := b.dims[y.Expr().Key()]; ok {
		return name
	}
	for s := b.scope; s != nil; s = s.outer {
		p, ok := s.sizes[y]
		if !ok {
			continue
		}
		n := b.emit("Shape", attrs(integer("start", p.axis), integer("end", p.axis+1)), p.value)
		if p.shift != 0 {
			n = b.emit("Sub", nil, n, b.integers(p.shift))
		}
		if p.factor != 1 {
			n = b.emit("Div", nil, n, b.integers(p.factor))
		}
		b.dims[y.Expr().Key()] = n
		return n
	}
	if b.err == nil {
		b.err = fmt.Errorf("dimension %s is that of no input", y.Name())
	}
	return ""
}

func (b *arithmetic) Add(x, y string) string { return b.emit("Add", nil, x, y) }
func (b *arithmetic) Mul(x, y string) string { return b.emit("Mul", nil, x, y) }
func (b *arithmetic) Min(x, y string) string { return b.emit("Min", nil, x, y) }
func (b *arithmetic) Max(x, y string) string { return b.emit("Max", nil, x, y) }

func (b *arithmetic) TruncDiv(x string, k int64) string { return b.emit("Div", nil, x, b.integers(k)) }

// FloorDiv takes the remainder off first, because Div rounds to zero.
func (b *arithmetic) FloorDiv(x string, k int64) string {
	n := b.integers(k)
	return b.emit("Div", nil, b.emit("Sub", nil, x, b.emit("Mod", nil, x, n)), n)
}

func (b *arithmetic) Broadcast(x, y string) string {
	return b.emit("Where", nil, b.emit("Equal", nil, x, b.integers(1)), y, x)
}

// writeDims concatenates the dimensions of a [ir.Dims].
func (c *call) writeDims(o *ir.Dims) error {
	parts := make([]string, len(o.Exprs))
	for i, e := range o.Exprs {
		var err error
		if parts[i], err = c.dimension(e); err != nil {
			return err
		}
	}
	var y string
	switch len(parts) {
	case 0:
		y = c.integers()
	case 1:
		y = parts[0]
	default:
		y = c.emit("Concat", attrs(integer("axis", 0)), parts...)
	}
	if len(o.Shape) != 1 {
		shape := make([]int64, len(o.Shape))
		for i, n := range o.Shape {
			shape[i] = int64(n)
		}
		y = c.emit("Reshape", nil, y, c.integers(shape...))
	}
	if o.Elem != tensor.Int64 {
		y = c.emit("Cast", []*proto.Attribute{integer("to", int(o.Elem))}, y)
	}
	c.bind(c.node.Out()[0], y)
	return nil
}
