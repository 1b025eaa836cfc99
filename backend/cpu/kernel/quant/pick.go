package quant

import "encoding/binary"

// pick sets dst to every stride-th element of src.
func pick(f *functions, dst, src []byte, stride int) {
	i := 0
	switch stride {
	case 1:
		copy(dst, src)
		return
	case 2:
		for i = f.evens(dst[:min(len(dst), len(src)/2)], src); i+8 <= len(dst) && 2*i+16 <= len(src); i += 8 {
			lo, hi := evens(binary.LittleEndian.Uint64(src[2*i:])), evens(binary.LittleEndian.Uint64(src[2*i+8:]))
			binary.LittleEndian.PutUint64(dst[i:], lo|hi<<32)
		}
	}
	for ; i < len(dst); i++ {
		dst[i] = src[i*stride]
	}
}

// evens is bytes 0, 2, 4 and 6 of x, side by side.
func evens(x uint64) uint64 {
	x &= 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return (x | x>>16) & 0xffffffff
}
