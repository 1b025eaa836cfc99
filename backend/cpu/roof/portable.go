package roof

import "encoding/binary"

// sink keeps results alive.
var sink float32

func portableMultiply(n int) float64 {
	var a, b, c, d, e, f, g, h float32
	x := 1 + sink
	for range n {
		a, b, c, d = a*x+x, b*x+x, c*x+x, d*x+x
		e, f, g, h = e*x+x, f*x+x, g*x+x, h*x+x
	}
	sink = (a + b + c + d + e + f + g + h) * 0
	return float64(n) * 8 * 2
}

func portableDot(n int) float64 {
	var a, b, c, d int32
	x := 1 + int32(sink)
	for range n {
		a, b, c, d = a+x*3, b+x*5, c+x*7, d+x*9
		x ^= 1
	}
	sink = float32(a+b+c+d) * 0
	return float64(n) * 4 * 2
}

func portableTouch(data []byte) {
	var sum uint64
	for ; len(data) >= blockBytes; data = data[blockBytes:] {
		for at := 0; at < blockBytes; at += 8 {
			sum += binary.LittleEndian.Uint64(data[at:])
		}
	}
	sink = float32(sum&1) * 0
}
