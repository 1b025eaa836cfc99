package proto

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth bounds graphs within attributes within nodes within graphs, and types within types.
const maxDepth = 64

// decoder walks the fields of one message. Its methods read the value of the current field; the first error ends the walk.
type decoder struct {
	message string // for errors
	buf     []byte
	base    int // offset of buf in the file
	pos     int
	num     protowire.Number
	typ     protowire.Type
	depth   int
	err     error
}

// next advances to the next field.
func (d *decoder) next() bool {
	if d.err != nil || d.pos >= len(d.buf) {
		return false
	}
	num, typ, n := protowire.ConsumeTag(d.buf[d.pos:])
	if n < 0 {
		d.fail("%v", protowire.ParseError(n))
		return false
	}
	d.pos += n
	d.num, d.typ = num, typ
	return true
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%s at byte %d: %s", d.message, d.base+d.pos, fmt.Sprintf(format, args...))
	}
}

// skip passes over the current field, which is not known.
func (d *decoder) skip() {
	n := protowire.ConsumeFieldValue(d.num, d.typ, d.buf[d.pos:])
	if n < 0 {
		d.fail("field %d: %v", d.num, protowire.ParseError(n))
		return
	}
	d.pos += n
}

func (d *decoder) want(t protowire.Type) bool {
	if d.typ != t {
		d.fail("field %d has wire type %d, want %d", d.num, d.typ, t)
	}
	return d.err == nil
}

func (d *decoder) bytes() []byte {
	if !d.want(protowire.BytesType) {
		return nil
	}
	b, n := protowire.ConsumeBytes(d.buf[d.pos:])
	if n < 0 {
		d.fail("field %d: %v", d.num, protowire.ParseError(n))
		return nil
	}
	d.pos += n
	return b[:len(b):len(b)]
}

func (d *decoder) text() string { return string(d.bytes()) }

func (d *decoder) varint() uint64 {
	if !d.want(protowire.VarintType) {
		return 0
	}
	v, n := protowire.ConsumeVarint(d.buf[d.pos:])
	if n < 0 {
		d.fail("field %d: %v", d.num, protowire.ParseError(n))
		return 0
	}
	d.pos += n
	return v
}

func (d *decoder) int64() int64 { return int64(d.varint()) }
func (d *decoder) int32() int32 { return int32(d.varint()) }

func (d *decoder) float() float32 {
	if !d.want(protowire.Fixed32Type) {
		return 0
	}
	v, n := protowire.ConsumeFixed32(d.buf[d.pos:])
	if n < 0 {
		d.fail("field %d: %v", d.num, protowire.ParseError(n))
		return 0
	}
	d.pos += n
	return math.Float32frombits(v)
}

// message decodes a nested message by f.
func (d *decoder) nested(message string, f func(*decoder)) {
	b := d.bytes()
	if d.err != nil {
		return
	}
	if d.depth >= maxDepth {
		d.fail("%s nested more than %d deep", message, maxDepth)
		return
	}
	sub := &decoder{message: message, buf: b, base: d.base + d.pos - len(b), depth: d.depth + 1}
	f(sub)
	if sub.err != nil && d.err == nil {
		d.err = sub.err
	}
}

// repeated reads one element or a packed run of a repeated scalar field. A packed run is scanned before it is allocated.
func repeated[T any](d *decoder, list []T, elem protowire.Type, read func(b []byte) (T, int)) []T {
	if d.typ != protowire.BytesType {
		if !d.want(elem) {
			return list
		}
		v, n := read(d.buf[d.pos:])
		if n < 0 {
			d.fail("field %d: %v", d.num, protowire.ParseError(n))
			return list
		}
		d.pos += n
		return append(list, v)
	}
	b := d.bytes()
	if d.err != nil {
		return list
	}
	count := 0
	switch elem {
	case protowire.Fixed32Type:
		count = len(b) / 4
	case protowire.Fixed64Type:
		count = len(b) / 8
	default:
		for _, c := range b {
			if c < 0x80 {
				count++
			}
		}
	}
	if cap(list)-len(list) < count {
		list = append(make([]T, 0, len(list)+count), list...)
	}
	for len(b) > 0 {
		v, n := read(b)
		if n < 0 {
			d.fail("field %d: %v", d.num, protowire.ParseError(n))
			return list
		}
		list = append(list, v)
		b = b[n:]
	}
	return list
}

func readInt64(b []byte) (int64, int) {
	v, n := protowire.ConsumeVarint(b)
	return int64(v), n
}

func readInt32(b []byte) (int32, int) {
	v, n := protowire.ConsumeVarint(b)
	return int32(v), n
}

func readFloat(b []byte) (float32, int) {
	v, n := protowire.ConsumeFixed32(b)
	return math.Float32frombits(v), n
}

func readDouble(b []byte) (float64, int) {
	v, n := protowire.ConsumeFixed64(b)
	return math.Float64frombits(v), n
}
