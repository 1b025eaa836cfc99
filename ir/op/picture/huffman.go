package picture

import "errors"

var errShort = errors.New("jpeg: the data ends early")

// huffman is a table of canonical codes (ITU-T T.81, annex C).
type huffman struct {
	limit  [17]int32 // by length: one more than the last code of that length
	offset [17]int32 // by length: what to add to a code for its place among the values
	values []byte
}

// newHuffman reads 16 numbers of codes by length and then the values; it returns how many bytes these were.
func newHuffman(data []byte) (*huffman, int, error) {
	if len(data) < 16 {
		return nil, 0, errShort
	}
	h, code, place := &huffman{}, int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		h.offset[n] = place - code
		code += int32(data[n-1])
		place += int32(data[n-1])
		h.limit[n] = code
		if code > 1<<n {
			return nil, 0, errors.New("jpeg: more Huffman codes than fit")
		}
		code <<= 1
	}
	if len(data) < 16+int(place) {
		return nil, 0, errShort
	}
	h.values = data[16:][:place]
	return h, 16 + int(place), nil
}

// bitReader reads the bits of a scan up to the next marker, behind which there are zeros; those must not be taken.
type bitReader struct {
	data []byte
	at   int
	acc  uint64
	n    uint // bits in acc
	pad  uint // of these, bits behind the end
	err  error
}

func (b *bitReader) fill() {
	for b.n <= 32 {
		x := byte(0)
		switch {
		case b.at < len(b.data) && b.data[b.at] != 0xff:
			x = b.data[b.at]
			b.at++
		case b.at+1 < len(b.data) && b.data[b.at+1] == 0: // a stuffed 255
			x = 0xff
			b.at += 2
		default:
			b.pad += 8
		}
		b.acc = b.acc<<8 | uint64(x)
		b.n += 8
	}
}

// peek returns the next k bits, at most 16.
func (b *bitReader) peek(k uint) int32 {
	if b.n < k {
		b.fill()
	}
	return int32(b.acc >> (b.n - k) & (1<<k - 1))
}

// take returns the next k bits and goes on behind them.
func (b *bitReader) take(k uint) int32 {
	v := b.peek(k)
	b.n -= k
	if b.n < b.pad && b.err == nil {
		b.err = errShort
	}
	return v
}

// symbol reads a Huffman code.
func (b *bitReader) symbol(h *huffman) byte {
	bits := b.peek(16)
	for n := uint(1); n <= 16; n++ {
		if code := bits >> (16 - n); code < h.limit[n] {
			b.take(n)
			return h.values[code+h.offset[n]]
		}
	}
	b.take(16)
	if b.err == nil {
		b.err = errors.New("jpeg: no such Huffman code")
	}
	return 0
}

// number reads a number of k bits, of which those that start with 0 are negative.
func (b *bitReader) number(k byte) int32 {
	if k == 0 {
		return 0
	}
	v := b.take(uint(k))
	if v < 1<<(k-1) {
		v += 1 - 1<<k
	}
	return v
}

// restart goes behind the next marker, which must be one of RST0 to RST7.
func (b *bitReader) restart() {
	b.acc, b.n, b.pad = 0, 0, 0
	for b.at+1 < len(b.data) && b.data[b.at] == 0xff && b.data[b.at+1] == 0xff {
		b.at++
	}
	if b.at+1 >= len(b.data) || b.data[b.at] != 0xff || b.data[b.at+1]&^7 != 0xd0 {
		if b.err == nil {
			b.err = errors.New("jpeg: a restart marker is missing")
		}
		return
	}
	b.at += 2
}
