package conv

// A tile is one call of a micro kernel: C[rows, cols] = max(low, bias[rows] + A[rows, k] · B[k, cols]), NaN where the sum is. The assembly knows the offsets of the fields.
type tile struct {
	a    *float32 // strip of 4 rows: element (i, p) at p*4+i
	a2   *float32 // the next strip, of kernels with 8 rows
	b    *float32 // element (p, j) at p*cols+j, of as many columns as the kernel has
	c    *float32 // element (i, j) at i*ldc+j
	bias *float32 // [rows]
	ldc  int
	k    int
	low  float32
	at   *int // of a direct tile: row p of b begins at element at[p]
}

// kernels are what a level of the processor is good for.
type kernels struct {
	lanes  int                          // of a vector
	tiles  [2][panelVectors]func(*tile) // by strips and by vectors of a row, each less one; those of two strips may be nil
	direct [2]func(*tile)               // by strips, less one, for a row of panelVectors that was not gathered; that of two strips may be nil
	gather func(g *gathering)
	taps   func(t *taps)
	pick   func(dst, src []float32) // dst[i] = src[2·i]
	add    func(t *residual)
	flat   func(t *flat) // or nil, and then halves too
	halves func(t *halves)
	window func(size, stride int, t *windowSums) // or nil
}

// panel is the number of positions of a panel.
func (k *kernels) panel() int { return panelVectors * k.lanes }

// vectors is the number of vectors in a row of a panel with that many positions.
func (k *kernels) vectors(positions int) int { return min(panelVectors, (positions+k.lanes-1)/k.lanes) }

// gathering is one call of gather: row k of dst, of width elements, becomes the pieces taken from src at offsets[k]. What lies between and
// after the pieces in a row is undefined, and so is a vector after the last row.
type gathering struct {
	dst, src []float32
	offsets  []int
	pieces   []piece
	width    int
}

// taps is sums of products of rows: element i of row r, which is dst[r·dstStep+i], becomes bias + Σ w[k]·src[r·srcStep+offsets[k]+i].
type taps struct {
	dst, src         []float32
	offsets          []int
	w                []float32
	bias             float32
	n, rows          int // elements of a row, rows
	dstStep, srcStep int
}

// residual is a sum of rows: element i of row r of dst, which is dst[r·step+i], becomes max(low, dst[r·step+i] + src[r·step+i]), NaN if the sum is. There
// is a row at least, and an element. The assembly knows the offsets of the fields.
type residual struct {
	dst, src *float32
	rows, n  int
	step     int
	low      float32
}
