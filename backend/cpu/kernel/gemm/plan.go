package gemm

const (
	blockRows   = 144     // rows of a block: what of A stays in the second cache
	blockPanels = 16      // panels of a block: what of C its epilogue finds in the second cache
	blockWork   = 1 << 15 // multiply-adds below which a block is not divided among threads
	blockShare  = 4       // blocks a thread that are aimed at
	forkWork    = 1 << 18 // work (see workOf) below which the caller does everything itself
	packWork    = 8       // work of packing one element
)

// grid divides C into strips, groups of at most mr rows, by panels of nr columns. All strips are of mr rows but for the last two, which share
// what remains evenly, since strips of very few rows are slow. Strips depend on m and the kernel alone, and so do results.
type grid struct{ m, n, mr, nr int }

func (g grid) strips() int { return count(g.m, g.mr) }

func (g grid) panels() int { return count(g.n, g.nr) }

// row is the first row of strip s, and m for s = strips().
func (g grid) row(s int) int {
	n := g.strips()
	switch {
	case s >= n:
		return g.m
	case s == n-1 && s > 0:
		rest := g.m - (n-2)*g.mr
		return (n-2)*g.mr + (rest+1)/2
	}
	return s * g.mr
}

// blocking divides C into blocks of mc strips by nc panels, of which one is computed at a time by one thread. The product is that share of all
// work that the threads do at the same time.
func (g grid) blocking(k, threads int, share float64) (mc, nc int) {
	s, p := g.strips(), g.panels()
	mc, nc = even(s, max(1, blockRows/g.mr)), even(p, blockPanels)
	if threads == 1 {
		return mc, nc
	}
	want := min(share*float64(blockShare*threads), float64(g.m+3)*float64(g.n)*float64(k)/blockWork)
	for float64(count(s, mc)*count(p, nc)) < want {
		switch {
		case nc > 1 && nc*g.nr >= mc*g.mr:
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
	return !transB && (m <= 24 || ldb <= 512)
}
