package picture

// The cosines of the inverse DCT of Loeffler, Ligtenberg and Moschytz (ICASSP 1989), times 8192.
const (
	dctBits = 13
	c0298   = 2446 // 0.298631336
	c0390   = 3196
	c0541   = 4433
	c0765   = 6270
	c0899   = 7373
	c1175   = 9633
	c1501   = 12299
	c1847   = 15137
	c1961   = 16069
	c2053   = 16819
	c2562   = 20995
	c3072   = 25172
)

// idct turns the coefficients of a block, in rows, into samples of 8 bits, with two more bits between columns and rows, as libjpeg's default method
// does, to the bit.
func idct(out []byte, stride int, block []int16, quant *[64]uint16) {
	var v [64]int32
	for i := range v {
		v[i] = int32(block[i]) * int32(quant[i])
	}
	const extra = 2
	for i := range 8 {
		idct8(v[i:], 8, dctBits-extra)
	}
	for i := range 8 {
		row := v[8*i:][:8]
		idct8(row, 1, dctBits+extra+3)
		for k, s := range row {
			out[i*stride+k] = clamp8(int(s) + 128)
		}
	}
}

// idct8 transforms v[0], v[step], … v[7·step] and rounds the results, scaled by 8192, to the right by so many bits.
func idct8(v []int32, step int, shift uint) {
	x0, x1, x2, x3 := v[0], v[step], v[2*step], v[3*step]
	x4, x5, x6, x7 := v[4*step], v[5*step], v[6*step], v[7*step]

	turn := (x2 + x6) * c0541
	a2, a3 := turn-x6*c1847, turn+x2*c0765
	a0, a1 := (x0+x4)<<dctBits, (x0-x4)<<dctBits
	even := [4]int32{a0 + a3, a1 + a2, a1 - a2, a0 - a3}

	all := (x7 + x3 + x5 + x1) * c1175
	b73, b51 := all-(x7+x3)*c1961, all-(x5+x1)*c0390
	b71, b53 := (x7+x1)*c0899, (x5+x3)*c2562
	odd := [4]int32{x1*c1501 - b71 + b51, x3*c3072 - b53 + b73, x5*c2053 - b53 + b51, x7*c0298 - b71 + b73}

	half := int32(1) << (shift - 1)
	for i, e := range even {
		v[i*step] = (e + odd[i] + half) >> shift
		v[(7-i)*step] = (e - odd[i] + half) >> shift
	}
}
