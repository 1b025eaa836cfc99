package picture

import "image"

// fromWebP interpolates the colours of lossy WebP as libwebp does ("fancy upsampling", weights 9:3:3:1) and converts them to RGB
// with its integers (ITU-R BT.601, luma from 16 to 235).
func fromWebP(m *image.YCbCr) *RGB {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	p := newRGB(w, h)
	u := plane{(w + 1) / 2, (h + 1) / 2, m.CStride, m.Cb}
	v := plane{(w + 1) / 2, (h + 1) / 2, m.CStride, m.Cr}
	for y := range h {
		near, far := y/2, y/2-1+y%2*2
		nearU, farU, nearV, farV := u.row(near), u.row(far), v.row(near), v.row(far)
		luma, out := m.Y[y*m.YStride:][:w], p.Pix[3*w*y:][:3*w]
		for x, l := range luma {
			a, b := x/2, x/2-1+x%2*2
			if b < 0 || b >= u.width {
				webpColor(out[3*x:], int(l), edge(nearU[a], farU[a]), edge(nearV[a], farV[a]))
				continue
			}
			webpColor(out[3*x:], int(l), blend(nearU[a], nearU[b], farU[a], farU[b]), blend(nearV[a], nearV[b], farV[a], farV[b]))
		}
	}
	return p
}

// edge is ¾ of the nearer row.
func edge(near, far byte) int { return (3*int(near) + int(far) + 2) >> 2 }

// blend weighs the nearest element 9, its neighbours in row and column 3, and the one across 1, in the two steps of libwebp: the mean
// of the nearest with ⅛ (a + 3b + 3c + d).
func blend(near, beside, below, across byte) int {
	sum := int(near) + int(beside) + int(below) + int(across)
	return ((sum+8+2*(int(beside)+int(below)))>>3 + int(near)) >> 1
}

func webpColor(out []byte, y, u, v int) {
	scaled := func(x, by int) int { return x * by >> 8 }
	l := scaled(y, 19077)
	out[0] = clamp8((l + scaled(v, 26149) - 14234) >> 6)
	out[1] = clamp8((l - scaled(u, 6419) - scaled(v, 13320) + 8708) >> 6)
	out[2] = clamp8((l + scaled(u, 33050) - 17685) >> 6)
}
