package picture

// jpegColor converts luminance and colour differences to RGB with the integer tables of libjpeg (JFIF 1.02: ITU-R BT.601, all values used).
func jpegColor(out []byte, y, cb, cr int) {
	const half = 1 << 15 // coefficients are 1.40200, 0.34414, 0.71414 and 1.77200 times 65536
	out[0] = clamp8(y + (91881*cr+half)>>16)
	out[1] = clamp8(y + (-22554*cb+half-46802*cr)>>16)
	out[2] = clamp8(y + (116130*cb+half)>>16)
}

// upsampler computes rows of a component in full resolution, as libjpeg does ("fancy upsampling").
type upsampler struct {
	plane
	wide, tall int
	sums       []int
	out        []byte
}

// line is row y. A doubled axis is interpolated from the two nearest elements, weighted 3:1, and rounded half up and down in turns; a
// factor of 4, or 2 where there are two columns or fewer, repeats elements.
func (u *upsampler) line(y int) []byte {
	if u.out == nil {
		u.sums, u.out = make([]int, u.width), make([]byte, u.width*u.wide)
	}
	smooth := u.wide != 2 || u.width > 2
	switch {
	case u.wide == 2 && u.tall == 2 && smooth:
		near, far := u.row(y/2), u.row(y/2-1+y%2*2)
		for i := range near {
			u.sums[i] = 3*int(near[i]) + int(far[i])
		}
		u.double(8, 7, 4)
	case u.wide == 2 && u.tall == 1 && smooth:
		for i, v := range u.row(y) {
			u.sums[i] = int(v)
		}
		u.double(1, 2, 2)
	case u.wide == 1 && u.tall == 2:
		near, far := u.row(y/2), u.row(y/2-1+y%2*2)
		for i := range near {
			u.out[i] = byte((3*int(near[i]) + int(far[i]) + 1 + y%2) >> 2)
		}
	default:
		for i, v := range u.row(y / u.tall) {
			for k := range u.wide {
				u.out[i*u.wide+k] = v
			}
		}
	}
	return u.out
}

// double interpolates u.sums: even results lean to the left, odd ones to the right.
func (u *upsampler) double(left, right, shift int) {
	s, last := u.sums, len(u.sums)-1
	for i, v := range s {
		u.out[2*i] = byte((3*v + s[max(0, i-1)] + left) >> shift)
		u.out[2*i+1] = byte((3*v + s[min(last, i+1)] + right) >> shift)
	}
	if shift == 2 { // the outermost ones are copies there
		u.out[0], u.out[2*last+1] = byte(s[0]), byte(s[last])
	}
}
