package gemm

// Number is an element type of Generic.
type Number interface {
	~float64 | ~float32 | ~int64 | ~int32 | ~uint64 | ~uint32
}

// Generic computes C `[m, n]` = A `[m, k]` · B `[k, n]` in T, with integers wrapping around. Element (i, p) of A is
// a[i*lda+p] or, if transA, a[p*lda+i]; likewise B; C is never transposed and shares no memory with A and B.
func Generic[T Number](m, n, k int, a []T, lda int, transA bool, b []T, ldb int, transB bool, c []T, ldc int) {
	const block = 128 // columns; with as many rows, what of B stays in cache
	ai, ap := lda, 1
	if transA {
		ai, ap = 1, lda
	}
	for i := range m {
		clear(c[i*ldc:][:n])
	}
	for p0 := 0; p0 < k; p0 += block {
		p1 := min(p0+block, k)
		for j0 := 0; j0 < n; j0 += block {
			j1 := min(j0+block, n)
			for i := range m {
				row := c[i*ldc+j0:][:j1-j0]
				if transB {
					for j := range row {
						row[j] += dot(a[i*ai+p0*ap:], ap, b[(j0+j)*ldb+p0:][:p1-p0])
					}
					continue
				}
				p := p0
				for ; p+2 <= p1; p += 2 {
					axpy2(row, a[i*ai+p*ap], a[i*ai+(p+1)*ap], b[p*ldb+j0:], b[(p+1)*ldb+j0:])
				}
				if p < p1 {
					x := a[i*ai+p*ap]
					for j, y := range b[p*ldb+j0:][:len(row)] {
						row[j] += x * y
					}
				}
			}
		}
	}
}

// dot is the sum of x[p·step]·y[p].
func dot[T Number](x []T, step int, y []T) T {
	var even, odd T
	p := 0
	for ; p+2 <= len(y); p += 2 {
		even += x[p*step] * y[p]
		odd += x[(p+1)*step] * y[p+1]
	}
	if p < len(y) {
		even += x[p*step] * y[p]
	}
	return even + odd
}

// axpy2 adds x0·y0 + x1·y1 to row.
func axpy2[T Number](row []T, x0, x1 T, y0, y1 []T) {
	y0, y1 = y0[:len(row)], y1[:len(row)]
	for j := range row {
		row[j] = row[j] + x0*y0[j] + x1*y1[j]
	}
}
