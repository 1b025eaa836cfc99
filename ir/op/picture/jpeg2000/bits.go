package jpeg2000

// bitReader reads bits, the highest of a byte first; the highest after a byte of ones is left out. After the end come ones.
type bitReader struct {
	data  []byte
	at    int
	last  byte
	left  uint // bits of last to come
	short bool // the end was passed
}

func (r *bitReader) bit() uint32 {
	if r.left == 0 {
		r.left = 8
		if r.last == 0xff {
			r.left = 7
		}
		if r.at < len(r.data) {
			r.last = r.data[r.at]
			r.at++
		} else {
			r.last, r.short = 0xff, true
		}
	}
	r.left--
	return uint32(r.last>>r.left) & 1
}

func (r *bitReader) bits(n int) int {
	v := 0
	for range n {
		v = v<<1 | int(r.bit())
	}
	return v
}

// align skips to the next byte.
func (r *bitReader) align() {
	if r.last == 0xff {
		r.at++
	}
	r.left, r.last = 0, 0
	r.short = r.short || r.at > len(r.data)
}
