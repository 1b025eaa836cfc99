package gemm

const (
	blockStrips = 24      // strips of a block: what of A stays in the second cache
	blockPanels = 16      // panels of a block, for the same reason
	blockWork   = 1 << 15 // multiply-adds below which a block is not divided among threads
	blockShare  = 4       // blocks a thread that are aimed at
	forkWork    = 1 << 18 // work (see workOf) below which the caller does everything itself
	packWork    = 8       // work of packing one element
)

// A strip is a group of at most stripRows rows of C. All strips are of stripRows rows but for the last two, which share
// what remains evenly, since strips of very few rows are slow. Strips depend on m alone, and so do results.

func strips(m int) int { return (m + stripRows - 1) / stripRows }

// stripStart is the first row of strip s of strips(m), and m for s = strips(m).
func stripStart(s, m int) int {
	n := strips(m)
	switch {
	case s >= n:
		return m
	case s == n-1 && s > 0:
		rest := m - (n-2)*stripRows
		return (n-2)*stripRows + (rest+1)/2
	}
	return s * stripRows
}

// blocking divides C into blocks of mc strips by nc panels, of which one is computed at a time by one thread.
func blocking(m, n, k, threads int) (mc, nc int) {
	s, p := strips(m), panels(n)
	mc, nc = even(s, blockStrips), even(p, blockPanels)
	if threads == 1 {
		return mc, nc
	}
	want := min(float64(blockShare*threads), float64(m+3)*float64(n)*float64(k)/blockWork)
	for float64(count(s, mc)*count(p, nc)) < want {
		switch {
		case nc > 1 && nc*panelWidth >= mc*stripRows:
			nc = (nc + 1) / 2
		case mc > 1:
			mc = (mc + 1) / 2
		case nc > 1:
			nc = (nc + 1) / 2
		default:
			return mc, nc
		}
	}
	return mc, nc
}

// workOf estimates the time of a product in multiply-adds; reading B counts as three rows more.
func workOf(m, n, k int) int { return (m + 3) * n * k }

// even is the size of the parts when n is divided into equal parts of at most limit.
func even(n, limit int) int { return count(n, max(1, count(n, limit))) }

// count is the number of parts of the given size that cover n.
func count(n, size int) int { return (n + size - 1) / size }

// readInPlace tells whether an unpacked B is read where it lies rather than packed first: packing pays when each panel
// is read often, or when its rows lie on many pages.
func readInPlace(m, ldb int, transB bool) bool {
	return !transB && (m <= 4*stripRows || ldb <= 512)
}
