package conv

// A tile is one call of a micro kernel: C[rows, cols] = bias[rows] + A[rows, k] · B[k, cols]. The assembly knows the offsets of the fields.
type tile struct {
	a    *float32 // strip of 4 rows: element (i, p) at p*4+i
	a2   *float32 // the next strip, of kernels with 8 rows
	b    *float32 // element (p, j) at p*cols+j
	c    *float32 // element (i, j) at i*ldc+j
	bias *float32 // [rows]
	ldc  int
	k    int
}

// kernels are what a level of the processor is good for.
type kernels struct {
	tile24, tile16 func(*tile) // 4 rows by 24 or 16 columns
	tile8          func(*tile) // 8 rows by 8 columns
	gather         func(g *gathering)
	taps           func(t *taps)
}

// gathering is one call of gather: row k of dst, of width elements, becomes the pieces taken from src at offsets[k]. What lies between and
// after the pieces in a row is undefined, and so are 8 elements after the last row.
type gathering struct {
	dst, src []float32
	offsets  []int
	pieces   []piece
	width    int
}

// taps is one sum of products of rows: dst[i] = bias + Σ w[k]·src[offsets[k]+i].
type taps struct {
	dst, src []float32
	offsets  []int
	w        []float32
	bias     float32
}
