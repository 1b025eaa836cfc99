package proto

import (
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// encoder appends fields. Zero values of scalar fields are written only where the format tells them from absence. Long fields of bytes are not
// copied: a message is the parts in done one after another, and then buf.
type encoder struct {
	buf  []byte
	done [][]byte
	size int // of done
}

// long is the size from which bytes are not copied.
const long = 1 << 12

func (e *encoder) varint(n protowire.Number, v uint64) {
	e.buf = protowire.AppendVarint(protowire.AppendTag(e.buf, n, protowire.VarintType), v)
}

func (e *encoder) bytes(n protowire.Number, b []byte) {
	e.buf = protowire.AppendBytes(protowire.AppendTag(e.buf, n, protowire.BytesType), b)
}

// shared appends bytes that must not change before the message is written.
func (e *encoder) shared(n protowire.Number, b []byte) {
	if len(b) < long {
		e.bytes(n, b)
		return
	}
	e.begin(n, len(b))
	e.seal(b)
}

func (e *encoder) begin(n protowire.Number, size int) {
	e.buf = protowire.AppendVarint(protowire.AppendTag(e.buf, n, protowire.BytesType), uint64(size))
}

// seal ends buf, and puts parts behind it.
func (e *encoder) seal(parts ...[]byte) {
	for _, b := range append([][]byte{e.buf}, parts...) {
		if len(b) > 0 {
			e.done, e.size = append(e.done, b), e.size+len(b)
		}
	}
	e.buf = nil
}

func (e *encoder) nested(n protowire.Number, sub *encoder) {
	if len(sub.done) == 0 {
		e.bytes(n, sub.buf)
		return
	}
	e.begin(n, sub.size+len(sub.buf))
	e.seal(sub.done...)
	e.buf = append(e.buf, sub.buf...)
}

// joined is the message in one piece.
func (e *encoder) joined() []byte {
	if len(e.done) == 0 {
		return e.buf
	}
	return slices.Concat(append(e.done, e.buf)...)
}

func (e *encoder) text(n protowire.Number, s string) {
	if s != "" {
		e.buf = protowire.AppendString(protowire.AppendTag(e.buf, n, protowire.BytesType), s)
	}
}

func (e *encoder) int64s(n protowire.Number, list []int64) {
	if len(list) == 0 {
		return
	}
	var b []byte
	for _, v := range list {
		b = protowire.AppendVarint(b, uint64(v))
	}
	e.bytes(n, b)
}

func (e *encoder) pairs(n protowire.Number, list []StringPair) {
	for _, p := range list {
		var sub encoder
		sub.text(1, p.Key)
		sub.text(2, p.Value)
		e.nested(n, &sub)
	}
}

func (e *encoder) opsets(n protowire.Number, list []OperatorSet) {
	for _, o := range list {
		var sub encoder
		sub.text(1, o.Domain)
		sub.varint(2, uint64(o.Version))
		e.nested(n, &sub)
	}
}

// Encode is the ModelProto. Equal models give equal bytes. Training information is not kept.
func (m *Model) Encode() []byte { return m.encode().joined() }

// WriteTo writes what Encode gives, without a copy of the weights.
func (m *Model) WriteTo(w io.Writer) (n int64, err error) {
	e := m.encode()
	for _, b := range append(e.done, e.buf) {
		k, err := w.Write(b)
		if n += int64(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (m *Model) encode() *encoder {
	e := &encoder{}
	e.varint(1, uint64(m.IRVersion))
	e.text(2, m.ProducerName)
	e.text(3, m.ProducerVersion)
	e.text(4, m.Domain)
	if m.ModelVersion != 0 {
		e.varint(5, uint64(m.ModelVersion))
	}
	e.text(6, m.DocString)
	if m.Graph != nil {
		e.nested(7, m.Graph.encode())
	}
	e.opsets(8, m.OpsetImports)
	e.pairs(14, m.Metadata)
	for _, f := range m.Functions {
		e.nested(25, f.encode())
	}
	return e
}

func (g *Graph) encode() *encoder {
	e := &encoder{}
	for _, n := range g.Nodes {
		e.nested(1, n.encode())
	}
	e.text(2, g.Name)
	for _, t := range g.Initializers {
		e.nested(5, t.encode())
	}
	e.text(10, g.DocString)
	for _, v := range g.Inputs {
		e.nested(11, v.encode())
	}
	for _, v := range g.Outputs {
		e.nested(12, v.encode())
	}
	for _, v := range g.ValueInfo {
		e.nested(13, v.encode())
	}
	for _, s := range g.SparseInitializers {
		e.nested(15, s.encode())
	}
	e.pairs(16, g.Metadata)
	return e
}

func (n *Node) encode() *encoder {
	e := &encoder{}
	for _, s := range n.Inputs {
		e.bytes(1, []byte(s)) // empty names are kept
	}
	for _, s := range n.Outputs {
		e.bytes(2, []byte(s))
	}
	e.text(3, n.Name)
	e.text(4, n.OpType)
	for _, a := range n.Attributes {
		e.nested(5, a.encode())
	}
	e.text(6, n.DocString)
	e.text(7, n.Domain)
	e.text(8, n.Overload)
	e.pairs(9, n.Metadata)
	return e
}

func (a *Attribute) encode() *encoder {
	e := &encoder{}
	e.text(1, a.Name)
	switch a.Type {
	case AttrFloat:
		e.buf = protowire.AppendFixed32(protowire.AppendTag(e.buf, 2, protowire.Fixed32Type), math.Float32bits(a.F))
	case AttrInt:
		e.varint(3, uint64(a.I))
	case AttrString:
		e.bytes(4, a.S)
	}
	if a.T != nil {
		e.nested(5, a.T.encode())
	}
	if a.G != nil {
		e.nested(6, a.G.encode())
	}
	if len(a.Floats) > 0 {
		var b []byte
		for _, v := range a.Floats {
			b = protowire.AppendFixed32(b, math.Float32bits(v))
		}
		e.bytes(7, b)
	}
	e.int64s(8, a.Ints)
	for _, s := range a.Strings {
		e.bytes(9, s)
	}
	for _, t := range a.Tensors {
		e.nested(10, t.encode())
	}
	for _, g := range a.Graphs {
		e.nested(11, g.encode())
	}
	e.text(13, a.DocString)
	if a.TP != nil {
		e.nested(14, a.TP.encode())
	}
	for _, t := range a.Types {
		e.nested(15, t.encode())
	}
	e.varint(20, uint64(a.Type))
	e.text(21, a.RefAttrName)
	if a.SparseTensor != nil {
		e.nested(22, a.SparseTensor.encode())
	}
	for _, s := range a.SparseTensors {
		e.nested(23, s.encode())
	}
	return e
}

// Encode is the TensorProto.
func (t *Tensor) Encode() []byte { return t.encode().joined() }

func (t *Tensor) encode() *encoder {
	e := &encoder{}
	e.int64s(1, t.Dims)
	e.varint(2, uint64(t.DataType))
	if len(t.Floats) > 0 {
		b := make([]byte, 0, 4*len(t.Floats))
		for _, v := range t.Floats {
			b = protowire.AppendFixed32(b, math.Float32bits(v))
		}
		e.bytes(4, b)
	}
	if len(t.Int32s) > 0 {
		var b []byte
		for _, v := range t.Int32s {
			b = protowire.AppendVarint(b, uint64(int64(v)))
		}
		e.bytes(5, b)
	}
	for _, s := range t.Strings {
		e.bytes(6, s)
	}
	e.int64s(7, t.Int64s)
	e.text(8, t.Name)
	if t.HasRaw {
		e.shared(9, t.Raw)
	}
	if len(t.Doubles) > 0 {
		b := make([]byte, 0, 8*len(t.Doubles))
		for _, v := range t.Doubles {
			b = protowire.AppendFixed64(b, math.Float64bits(v))
		}
		e.bytes(10, b)
	}
	if len(t.Uint64s) > 0 {
		var b []byte
		for _, v := range t.Uint64s {
			b = protowire.AppendVarint(b, v)
		}
		e.bytes(11, b)
	}
	e.text(12, t.DocString)
	e.pairs(13, t.External)
	if t.IsExternal {
		e.varint(14, 1)
	}
	e.pairs(16, t.Metadata)
	return e
}

func (s *SparseTensor) encode() *encoder {
	e := &encoder{}
	if s.Values != nil {
		e.nested(1, s.Values.encode())
	}
	if s.Indices != nil {
		e.nested(2, s.Indices.encode())
	}
	e.int64s(3, s.Dims)
	return e
}

func (v *ValueInfo) encode() *encoder {
	e := &encoder{}
	e.text(1, v.Name)
	if v.Type != nil {
		e.nested(2, v.Type.encode())
	}
	e.text(3, v.DocString)
	e.pairs(4, v.Metadata)
	return e
}

func (t *Type) encode() *encoder {
	e := &encoder{}
	sub := &encoder{}
	switch t.Kind {
	case TypeTensor, TypeSparseTensor:
		sub.varint(1, uint64(t.Elem))
		if t.HasShape {
			shape := &encoder{}
			for _, d := range t.Dims {
				dim := &encoder{}
				if d.HasValue {
					dim.varint(1, uint64(d.Value))
				}
				dim.text(2, d.Param)
				shape.nested(1, dim)
			}
			sub.nested(2, shape)
		}
	case TypeMap:
		sub.varint(1, uint64(t.Elem))
		if t.Item != nil {
			sub.nested(2, t.Item.encode())
		}
	case TypeSequence, TypeOptional:
		if t.Item != nil {
			sub.nested(1, t.Item.encode())
		}
	}
	if n := map[TypeKind]protowire.Number{TypeTensor: 1, TypeSequence: 4, TypeMap: 5, TypeOpaque: 7, TypeSparseTensor: 8, TypeOptional: 9}[t.Kind]; n != 0 {
		e.nested(n, sub)
	}
	return e
}

func (f *Function) encode() *encoder {
	e := &encoder{}
	e.text(1, f.Name)
	for _, s := range f.Inputs {
		e.bytes(4, []byte(s))
	}
	for _, s := range f.Outputs {
		e.bytes(5, []byte(s))
	}
	for _, s := range f.Attributes {
		e.bytes(6, []byte(s))
	}
	for _, n := range f.Nodes {
		e.nested(7, n.encode())
	}
	e.text(8, f.DocString)
	e.opsets(9, f.OpsetImports)
	e.text(10, f.Domain)
	for _, a := range f.AttributeProtos {
		e.nested(11, a.encode())
	}
	for _, v := range f.ValueInfo {
		e.nested(12, v.encode())
	}
	e.text(13, f.Overload)
	e.pairs(14, f.Metadata)
	return e
}
