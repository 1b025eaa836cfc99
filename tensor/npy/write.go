package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gocompile/gocompile/tensor"
)

// describe returns NumPy's name of the element type, and for strings the width.
func describe(t *tensor.Tensor) (string, int, error) {
	d := t.DType()
	if d == tensor.String {
		width := 1
		for i, s := range t.Strings() {
			if !utf8.ValidString(s) {
				return "", 0, fmt.Errorf("npy: string %d is not UTF-8", i)
			}
			if strings.HasSuffix(s, "\x00") {
				return "", 0, fmt.Errorf("npy: string %d ends with a zero, which NumPy would drop", i)
			}
			width = max(width, utf8.RuneCountInString(s))
		}
		return fmt.Sprintf("<U%d", width), width, nil
	}
	for code, c := range codes {
		if c == d {
			order := "<"
			if d.Bits() == 8 {
				order = "|"
			}
			return order + code, 0, nil
		}
	}
	use := tensor.Float32
	if d.IsInteger() {
		use = tensor.Uint8
		if d.IsSigned() {
			use = tensor.Int8
		}
	}
	return "", 0, fmt.Errorf("npy: NumPy has no %v; use tensor.Convert to %v, which holds every value of it", d, use)
}

// Write writes t as one array, in format version 1.0 where the header permits. It
// fails for element types that NumPy has not, such as bfloat16, before it writes.
func Write(w io.Writer, t *tensor.Tensor) error {
	descr, width, err := describe(t)
	if err != nil {
		return err
	}
	var dims strings.Builder
	for _, d := range t.Shape() {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims.String())
	head := []byte(magic + "\x01\x00")
	pad := func(n int) string { return strings.Repeat(" ", 63-(n+len(text))%64) + "\n" }
	if len(text) < 1<<16-64 {
		text += pad(10)
		head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	} else {
		text += pad(12)
		head[6] = 2
		head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	}
	if _, err := w.Write(append(head, text...)); err != nil {
		return err
	}
	if t.DType() != tensor.String {
		_, err = w.Write(t.Bytes())
		return err
	}
	cell := make([]byte, 4*width)
	for _, s := range t.Strings() {
		clear(cell)
		i := 0
		for _, r := range s {
			binary.LittleEndian.PutUint32(cell[i:], uint32(r))
			i += 4
		}
		if _, err := w.Write(cell); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes t as the array file at path, whole or not at all.
func WriteFile(path string, t *tensor.Tensor) error {
	return replace(path, func(w io.Writer) error { return Write(w, t) })
}
