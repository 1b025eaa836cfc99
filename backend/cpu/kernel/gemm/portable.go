package gemm

// portableTile is the micro kernel in plain Go. It works on two rows by four columns at a time, whose eight sums stay in
// registers.
func portableTile(t *tile) {
	var rows [2][maxDepth]float32
	var sums [2][16]float32
	for i := 0; i < t.rows; i += 2 {
		second := min(i+1, t.rows-1) // an odd last row is computed twice
		a0 := t.row(i, &rows[0])
		a1 := t.row(second, &rows[1])
		for j := 0; j < t.cols; j += 4 {
			if t.k == 0 {
				clear(sums[0][j : j+4])
				clear(sums[1][j : j+4])
				continue
			}
			sum2x4(a0, a1, t.b[j:], t.bStep, (*[4]float32)(sums[0][j:]), (*[4]float32)(sums[1][j:]))
		}
		t.store(i, sums[0][:])
		if second != i {
			t.store(second, sums[1][:])
		}
	}
}

// row is row i of A as a contiguous slice, copied to buffer if it is not contiguous.
func (t *tile) row(i int, buffer *[maxDepth]float32) []float32 {
	if t.k == 0 {
		return nil
	}
	a := t.a[i*t.aRow:]
	if t.aStep == 1 {
		return a[:t.k]
	}
	row := buffer[:t.k]
	for p := range row {
		row[p] = a[p*t.aStep]
	}
	return row
}

// sum2x4 multiplies two rows of A with four columns of B.
func sum2x4(a0, a1, b []float32, step int, out0, out1 *[4]float32) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	a1 = a1[:len(a0)]
	at := 0
	for p, x0 := range a0 {
		x1 := a1[p]
		v := (*[4]float32)(b[at:])
		s00 += x0 * v[0]
		s01 += x0 * v[1]
		s02 += x0 * v[2]
		s03 += x0 * v[3]
		s10 += x1 * v[0]
		s11 += x1 * v[1]
		s12 += x1 * v[2]
		s13 += x1 * v[3]
		at += step
	}
	*out0 = [4]float32{s00, s01, s02, s03}
	*out1 = [4]float32{s10, s11, s12, s13}
}

// store writes sums to row i of C.
func (t *tile) store(i int, sums []float32) {
	c := t.c[i*t.cRow:][:t.cols]
	s := sums[:t.cols]
	for j, x := range s {
		x *= t.scale
		if t.bias != nil {
			x += t.bias[j]
		}
		if t.accumulate != 0 {
			x += c[j]
		}
		c[j] = x
	}
}
