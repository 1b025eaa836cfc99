package jpeg2000

// context is an adaptive model of a decision: twice the row of mqStates, plus the more probable symbol.
type context uint8

// mqState is a row of the table of probabilities (T.800, table C.2).
type mqState struct {
	qe         uint32 // of the less probable symbol
	more, less uint8  // the next state after either symbol
	swap       uint8  // the symbols change places after the less probable one
}

var mqStates = [47]mqState{
	{0x5601, 1, 1, 1}, {0x3401, 2, 6, 0}, {0x1801, 3, 9, 0}, {0x0ac1, 4, 12, 0}, {0x0521, 5, 29, 0}, {0x0221, 38, 33, 0}, {0x5601, 7, 6, 1},
	{0x5401, 8, 14, 0}, {0x4801, 9, 14, 0}, {0x3801, 10, 14, 0}, {0x3001, 11, 17, 0}, {0x2401, 12, 18, 0}, {0x1c01, 13, 20, 0}, {0x1601, 29, 21, 0},
	{0x5601, 15, 14, 1}, {0x5401, 16, 14, 0}, {0x5101, 17, 15, 0}, {0x4801, 18, 16, 0}, {0x3801, 19, 17, 0}, {0x3401, 20, 18, 0}, {0x3001, 21, 19, 0},
	{0x2801, 22, 19, 0}, {0x2401, 23, 20, 0}, {0x2201, 24, 21, 0}, {0x1c01, 25, 22, 0}, {0x1801, 26, 23, 0}, {0x1601, 27, 24, 0}, {0x1401, 28, 25, 0},
	{0x1201, 29, 26, 0}, {0x1101, 30, 27, 0}, {0x0ac1, 31, 28, 0}, {0x09c1, 32, 29, 0}, {0x08a1, 33, 30, 0}, {0x0521, 34, 31, 0}, {0x0441, 35, 32, 0},
	{0x02a1, 36, 33, 0}, {0x0221, 37, 34, 0}, {0x0141, 38, 35, 0}, {0x0111, 39, 36, 0}, {0x0085, 40, 37, 0}, {0x0049, 41, 38, 0}, {0x0025, 42, 39, 0},
	{0x0015, 43, 40, 0}, {0x0009, 44, 41, 0}, {0x0005, 45, 42, 0}, {0x0001, 45, 43, 0}, {0x5601, 46, 46, 0},
}

// mqDecoder decodes binary decisions (T.800, annex C). After the end of the data come ones.
type mqDecoder struct {
	data   []byte
	at     int
	code   uint32
	width  uint32 // of the interval
	shifts int    // until the next byte
}

// start begins a codeword.
func (d *mqDecoder) start(data []byte) {
	*d = mqDecoder{data: data, width: 0x8000}
	d.code = d.byte(0) << 16
	d.next()
	d.code <<= 7
	d.shifts -= 7
}

func (d *mqDecoder) byte(at int) uint32 {
	if at < len(d.data) {
		return uint32(d.data[at])
	}
	return 0xff
}

// next takes a byte: seven bits of it after a byte of ones, and none of a marker, which ends the data.
func (d *mqDecoder) next() {
	if d.byte(d.at) != 0xff {
		d.at++
		d.code += d.byte(d.at) << 8
		d.shifts = 8
		return
	}
	if b := d.byte(d.at + 1); b <= 0x8f {
		d.at++
		d.code += b << 9
		d.shifts = 7
		return
	}
	d.code += 0xff00
	d.shifts = 8
}

// decode is the next decision in a context.
func (d *mqDecoder) decode(c *context) uint32 {
	s, symbol := &mqStates[*c>>1], *c&1
	d.width -= s.qe
	if d.code>>16 >= s.qe {
		d.code -= s.qe << 16
		if d.width&0x8000 != 0 {
			return uint32(symbol)
		}
		if d.width >= s.qe {
			*c = context(s.more)<<1 | symbol
		} else { // the less probable symbol has the larger interval
			*c = context(s.less)<<1 | symbol ^ context(s.swap)
			symbol ^= 1
		}
	} else {
		if d.width < s.qe {
			*c = context(s.more)<<1 | symbol
		} else {
			*c = context(s.less)<<1 | symbol ^ context(s.swap)
			symbol ^= 1
		}
		d.width = s.qe
	}
	for d.width&0x8000 == 0 {
		if d.shifts == 0 {
			d.next()
		}
		d.width <<= 1
		d.code <<= 1
		d.shifts--
	}
	return uint32(symbol)
}
