// Package tensor holds the values that models compute with: dense tensors of every ONNX element type, and the sequences,
// optionals and maps that are made of them.
//
// It knows nothing of graphs, files of models or kernels. A tensor is immutable by convention as soon as it is shared.
package tensor

// DType is an element type. Its numbers are those of ONNX TensorProto.DataType.
type DType uint8

// The element types of ONNX.
const (
	Invalid DType = iota
	Float32
	Uint8
	Int8
	Uint16
	Int16
	Int32
	Int64
	String
	Bool
	Float16
	Float64
	Uint32
	Uint64
	Complex64
	Complex128
	BFloat16
	Float8E4M3FN   // sign, 4 bits exponent, 3 bits mantissa; no infinities, one NaN pattern a sign
	Float8E4M3FNUZ // as above, without negative zero, which is the only NaN
	Float8E5M2     // IEEE-like with infinities
	Float8E5M2FNUZ
	Uint4
	Int4
	Float4E2M1
	Float8E8M0 // a power of two, for scales
	Uint2
	Int2
	Float6E2M3 // sign, 2 bits exponent, 3 bits mantissa; neither infinities nor NaN
	Float6E3M2
	numDTypes
)

type dtypeInfo struct {
	name string
	bits int
	kind byte // f float, i signed, u unsigned, c complex, b bool, s string
}

var dtypes = [numDTypes]dtypeInfo{
	Invalid: {"invalid", 0, 0},
	Float32: {"f32", 32, 'f'}, Uint8: {"u8", 8, 'u'}, Int8: {"i8", 8, 'i'}, Uint16: {"u16", 16, 'u'}, Int16: {"i16", 16, 'i'},
	Int32: {"i32", 32, 'i'}, Int64: {"i64", 64, 'i'}, String: {"str", 0, 's'}, Bool: {"bool", 8, 'b'}, Float16: {"f16", 16, 'f'},
	Float64: {"f64", 64, 'f'}, Uint32: {"u32", 32, 'u'}, Uint64: {"u64", 64, 'u'}, Complex64: {"c64", 64, 'c'},
	Complex128: {"c128", 128, 'c'}, BFloat16: {"bf16", 16, 'f'}, Float8E4M3FN: {"f8e4m3fn", 8, 'f'},
	Float8E4M3FNUZ: {"f8e4m3fnuz", 8, 'f'}, Float8E5M2: {"f8e5m2", 8, 'f'}, Float8E5M2FNUZ: {"f8e5m2fnuz", 8, 'f'},
	Uint4: {"u4", 4, 'u'}, Int4: {"i4", 4, 'i'}, Float4E2M1: {"f4e2m1", 4, 'f'}, Float8E8M0: {"f8e8m0", 8, 'f'},
	Uint2: {"u2", 2, 'u'}, Int2: {"i2", 2, 'i'}, Float6E2M3: {"f6e2m3", 6, 'f'}, Float6E3M2: {"f6e3m2", 6, 'f'},
}

func (d DType) info() dtypeInfo {
	if d >= numDTypes {
		return dtypeInfo{name: "invalid"}
	}
	return dtypes[d]
}

// String is the short name of the text form: f32, i64, bf16, str, f8e4m3fn, u4, …
func (d DType) String() string { return d.info().name }

// ParseDType is the inverse of String.
func ParseDType(s string) (DType, bool) {
	for d := Float32; d < numDTypes; d++ {
		if dtypes[d].name == s {
			return d, true
		}
	}
	return Invalid, false
}

// Bits is the size of an element, 0 for strings.
func (d DType) Bits() int { return d.info().bits }

// ByteLen is the number of bytes that n elements take. Elements of less than a byte are one stream of bits, low bits first, and
// the last byte is filled up.
func (d DType) ByteLen(n int) int {
	b := d.info().bits
	return n/8*b + (n%8*b+7)/8
}

// Valid reports whether d is an element type.
func (d DType) Valid() bool { return d > Invalid && d < numDTypes }

// IsFloat reports whether d is a real floating point type of any width.
func (d DType) IsFloat() bool { return d.info().kind == 'f' }

// IsInteger reports whether d is a signed or unsigned integer type; bool is none.
func (d DType) IsInteger() bool { return d.info().kind == 'i' || d.info().kind == 'u' }

// IsSigned reports whether d is a signed integer type.
func (d DType) IsSigned() bool { return d.info().kind == 'i' }

// IsComplex reports whether d is complex.
func (d DType) IsComplex() bool { return d.info().kind == 'c' }

// IsPacked reports whether elements share bytes.
func (d DType) IsPacked() bool { return d.info().bits%8 != 0 }
