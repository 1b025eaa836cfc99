package jpeg2000

// rect is from (x0, y0) up to (x1, y1) without that.
type rect struct{ x0, y0, x1, y1 int }

func (r rect) width() int  { return r.x1 - r.x0 }
func (r rect) height() int { return r.y1 - r.y0 }
func (r rect) empty() bool { return r.x1 <= r.x0 || r.y1 <= r.y0 }

func (r rect) intersect(s rect) rect {
	return rect{max(r.x0, s.x0), max(r.y0, s.y0), min(r.x1, s.x1), min(r.y1, s.y1)}
}

// shrink is the samples in r of which one comes every stepX × stepY.
func (r rect) shrink(stepX, stepY int) rect {
	return rect{ceilDiv(r.x0, stepX), ceilDiv(r.y0, stepY), ceilDiv(r.x1, stepX), ceilDiv(r.y1, stepY)}
}

// halve is the samples in r of a sub-band after n levels of the wavelet; those of high-pass bands (xob, yob 1) lie between the others.
func (r rect) halve(n, xob, yob int) rect {
	f := func(v, high int) int {
		if n == 0 {
			return v
		}
		return int((int64(v) - int64(high)<<(n-1) + 1<<n - 1) >> n)
	}
	return rect{f(r.x0, xob), f(r.y0, yob), f(r.x1, xob), f(r.y1, yob)}
}

// cells is which squares of 2^nx × 2^ny, counted from the origin, have a part of r.
func (r rect) cells(nx, ny int) rect {
	if r.empty() {
		return rect{}
	}
	return rect{r.x0 >> nx, r.y0 >> ny, (r.x1-1)>>nx + 1, (r.y1-1)>>ny + 1}
}

// cell is such a square.
func cell(x, y, nx, ny int) rect { return rect{x << nx, y << ny, (x + 1) << nx, (y + 1) << ny} }

func ceilDiv(a, b int) int {
	if a == 0 {
		return 0
	}
	return (a-1)/b + 1 // a + b may not fit
}
