// Package npy reads and writes NumPy's array files (.npy) and archives of them
// (.npz). It holds nothing but these two formats.
package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	files "github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/tensor"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 20 // bytes
	// maxEmpty limits arrays of strings of width 0, which take no bytes in a file.
	maxEmpty = 1 << 16
)

// header is what an array file says of its data.
type header struct {
	dtype   tensor.DType
	item    int  // bytes of an element
	unit    int  // bytes of what the byte order applies to
	big     bool // big endian
	unicode bool
	fortran bool
	shape   []int
	n       int
}

var codes = map[string]tensor.DType{
	"b1": tensor.Bool, "i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32, "i8": tensor.Int64,
	"u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64,
	"f2": tensor.Float16, "f4": tensor.Float32, "f8": tensor.Float64,
	"c8": tensor.Complex64, "c16": tensor.Complex128,
}

var (
	descrField   = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	fortranField = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shapeField   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)`)
	descrForm    = regexp.MustCompile(`^([<>|=])([a-zA-Z])([0-9]*)$`)
)

func parseHeader(text string) (*header, error) {
	d, f, s := descrField.FindStringSubmatch(text), fortranField.FindStringSubmatch(text), shapeField.FindStringSubmatch(text)
	if d == nil || f == nil || s == nil {
		return nil, fmt.Errorf("npy: header %.100q is not that of a plain array", text)
	}
	h := &header{fortran: f[1] == "True"}
	for _, dim := range strings.Split(s[1], ",") {
		if dim = strings.TrimSuffix(strings.TrimSpace(dim), "L"); dim == "" {
			continue
		}
		v, err := strconv.Atoi(dim)
		if err != nil {
			return nil, fmt.Errorf("npy: dimension %q: %w", dim, err)
		}
		h.shape = append(h.shape, v)
	}
	var err error
	if h.n, err = tensor.NumElements(h.shape); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	if err := h.setType(d[1]); err != nil {
		return nil, err
	}
	if h.item > 0 && h.n > math.MaxInt/2/h.item {
		return nil, fmt.Errorf("npy: array %v of %d-byte elements is too large", h.shape, h.item)
	}
	return h, nil
}

func (h *header) setType(descr string) error {
	m := descrForm.FindStringSubmatch(descr)
	if m == nil {
		return fmt.Errorf("npy: element type %q is not supported", descr)
	}
	h.big = m[1] == ">"
	if d, ok := codes[m[2]+m[3]]; ok {
		h.dtype, h.item = d, d.Bits()/8
		h.unit = h.item
		if d.IsComplex() {
			h.unit /= 2
		}
		return nil
	}
	switch m[2] {
	case "U", "S":
		width, err := strconv.ParseUint(m[3], 10, 28)
		if err != nil {
			return fmt.Errorf("npy: width of element type %q: %w", descr, err)
		}
		h.dtype, h.item, h.unit = tensor.String, int(width), 1
		if m[2] == "U" {
			h.unicode, h.item, h.unit = true, 4*int(width), 4
		}
		if width == 0 && h.n > maxEmpty {
			return fmt.Errorf("npy: %d strings of width 0, at most %d are allowed", h.n, maxEmpty)
		}
		return nil
	case "O":
		return fmt.Errorf("npy: arrays of Python objects are not supported; save numbers or strings")
	}
	return fmt.Errorf("npy: element type %q is not supported", descr)
}

// readHeader returns the header and its length in bytes with all before it.
func readHeader(r io.Reader) (*header, int64, error) {
	var pre [12]byte
	if _, err := io.ReadFull(r, pre[:8]); err != nil {
		return nil, 0, fmt.Errorf("npy: reading the magic: %w", err)
	}
	if string(pre[:6]) != magic {
		return nil, 0, fmt.Errorf("npy: not an array file: it begins with %q", pre[:6])
	}
	width := 2
	switch pre[6] {
	case 1:
	case 2, 3:
		width = 4
	default:
		return nil, 0, fmt.Errorf("npy: format version %d.%d is not supported", pre[6], pre[7])
	}
	if _, err := io.ReadFull(r, pre[8:8+width]); err != nil {
		return nil, 0, fmt.Errorf("npy: reading the header: %w", err)
	}
	size := binary.LittleEndian.Uint32(pre[8:])
	if size > maxHeader {
		return nil, 0, fmt.Errorf("npy: header of %d bytes, at most %d are allowed", size, maxHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, 0, fmt.Errorf("npy: reading the header: %w", err)
	}
	h, err := parseHeader(string(text))
	return h, int64(8+width) + int64(size), err
}

// Read reads one array. Memory follows what r really holds, not what the header
// promises. Fortran order is transposed, big-endian data swapped, and strings of
// NumPy types U and S lose the zeros that pad them.
func Read(r io.Reader) (*tensor.Tensor, error) {
	h, _, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	need := int64(h.n) * int64(h.item)
	if got, err := io.CopyN(&raw, r, need); err != nil {
		return nil, fmt.Errorf("npy: array %v takes %d bytes, got %d: %w", h.shape, need, got, err)
	}
	return h.decode(raw.Bytes())
}

// ReadFile reads the array file at path.
func ReadFile(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := readSized(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func readSized(f *os.File) (*tensor.Tensor, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return Read(f)
	}
	h, off, err := readHeader(f)
	if err != nil {
		return nil, err
	}
	need := int64(h.n) * int64(h.item)
	if have := info.Size() - off; need > have {
		return nil, fmt.Errorf("npy: array %v takes %d bytes, the file has %d", h.shape, need, have)
	}
	raw := make([]byte, need)
	if _, err := io.ReadFull(f, raw); err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return h.decode(raw)
}

// decode takes possession of raw.
func (h *header) decode(raw []byte) (*tensor.Tensor, error) {
	if h.big && h.unit > 1 {
		for i := 0; i < len(raw); i += h.unit {
			slices.Reverse(raw[i : i+h.unit])
		}
	}
	if h.fortran && len(h.shape) > 1 && h.item > 0 {
		raw = transpose(raw, h.shape, h.item)
	}
	if h.dtype != tensor.String {
		return tensor.FromBytes(h.dtype, h.shape, raw)
	}
	strs := make([]string, h.n)
	for i := range strs {
		s, err := h.text(raw[i*h.item : (i+1)*h.item])
		if err != nil {
			return nil, fmt.Errorf("npy: string %d: %w", i, err)
		}
		strs[i] = s
	}
	return tensor.FromSlice(strs, h.shape...)
}

func (h *header) text(b []byte) (string, error) {
	if !h.unicode {
		return string(bytes.TrimRight(b, "\x00")), nil
	}
	runes := make([]rune, 0, len(b)/4)
	for ; len(b) > 0; b = b[4:] {
		c := binary.LittleEndian.Uint32(b)
		if c > 0x10ffff || c >= 0xd800 && c < 0xe000 {
			return "", fmt.Errorf("%#x is not a Unicode character", c)
		}
		runes = append(runes, rune(c))
	}
	return strings.TrimRight(string(runes), "\x00"), nil
}

// transpose returns column-major items in row-major order.
func transpose(src []byte, shape []int, item int) []byte {
	dst := make([]byte, 0, len(src))
	strides, index := make([]int, len(shape)), make([]int, len(shape))
	step := item
	for i, d := range shape {
		strides[i] = step
		step *= d
	}
	for off := 0; len(dst) < len(src); {
		dst = append(dst, src[off:off+item]...)
		for i := len(shape) - 1; i >= 0; i-- {
			off += strides[i]
			if index[i]++; index[i] < shape[i] {
				break
			}
			off -= strides[i] * shape[i]
			index[i] = 0
		}
	}
	return dst
}

// replace is [files.Replace] with errors that name the file.
func replace(path string, write func(io.Writer) error) error {
	if err := files.Replace(path, write); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
