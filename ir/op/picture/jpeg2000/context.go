package jpeg2000

// What is known of a coefficient and its neighbours, a bit each.
const (
	sigN uint16 = 1 << iota // the neighbour is not zero
	sigS
	sigW
	sigE
	sigNW
	sigNE
	sigSW
	sigSE
	negN // and negative
	negS
	negW
	negE
	significant // the coefficient is not zero
	negative
	refined // it had a bit more
	visited // it had its turn in this bit plane
	sigAny  = sigN | sigS | sigW | sigE | sigNW | sigNE | sigSW | sigSE
	below   = sigS | sigSW | sigSE | negS
)

// Contexts: 9 for whether a coefficient becomes significant, then 5 for its sign, 3 for more bits, and two more.
const (
	signContext    = 9
	refineContext  = 14
	runContext     = 17 // four coefficients stay zero
	uniformContext = 18
	contexts       = 19
)

// startContexts are the states at the start of a code-block (T.800, table D.7).
var startContexts = func() (c [contexts]context) {
	c[0], c[runContext], c[uniformContext] = 4<<1, 3<<1, 46<<1
	return c
}()

// significance is the context for a coefficient that is zero so far (T.800, table D.1), by orientation and neighbours.
var significance = func() (table [4][256]uint8) {
	bit := func(f uint16, of ...uint16) int {
		n := 0
		for _, b := range of {
			if f&b != 0 {
				n++
			}
		}
		return n
	}
	for i := range table[0] {
		f := uint16(i)
		h, v, d := bit(f, sigW, sigE), bit(f, sigN, sigS), bit(f, sigNW, sigNE, sigSW, sigSE)
		table[lowLow][i] = axial(h, v, d)
		table[lowHigh][i] = axial(h, v, d)
		table[highLow][i] = axial(v, h, d)
		table[highHigh][i] = diagonal(h+v, d)
	}
	return table
}()

// axial is the context by neighbours along the low-pass axis, along the other, and across.
func axial(a, b, d int) uint8 {
	switch {
	case a == 2:
		return 8
	case a == 1 && b > 0:
		return 7
	case a == 1 && d > 0:
		return 6
	case a == 1:
		return 5
	case b > 0:
		return uint8(2 + b)
	}
	return uint8(min(d, 2))
}

// diagonal is the context in the band that is high-pass both ways.
func diagonal(hv, d int) uint8 {
	switch d {
	case 0:
		return uint8(min(hv, 2))
	case 1:
		return uint8(3 + min(hv, 2))
	case 2:
		return uint8(6 + min(hv, 1))
	}
	return 8
}

// signOf is the context of a sign and whether the symbol is turned (T.800, table D.3).
func signOf(f uint16) (at uint8, turned uint32) {
	one := func(sig, neg uint16) int {
		switch {
		case f&sig == 0:
			return 0
		case f&neg == 0:
			return 1
		}
		return -1
	}
	h := max(-1, min(one(sigW, negW)+one(sigE, negE), 1))
	v := max(-1, min(one(sigN, negN)+one(sigS, negS), 1))
	if h < 0 || h == 0 && v < 0 {
		h, v, turned = -h, -v, 1
	}
	if h == 0 {
		return uint8(signContext + v), turned
	}
	return uint8(signContext + 3 + v), turned
}
