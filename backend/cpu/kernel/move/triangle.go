package move

// Triangle copies the triangle of matrices [rows / n, n, m] on and below diagonal k, or on and above it if upper, and fills the rest with zeros; rows lo
// to hi of elements of size bytes.
func Triangle(dst, src []byte, size, n, m int, k int64, upper bool, lo, hi int) {
	row := m * size
	for r := lo; r < hi; r++ {
		y, x := dst[r*row:][:row], src[r*row:][:row]
		at := int64(r%n) + k // the diagonal in this row
		if upper {
			cut := int(max(0, min(at, int64(m)))) * size
			clear(y[:cut])
			copy(y[cut:], x[cut:])
		} else {
			cut := int(max(0, min(at+1, int64(m)))) * size
			copy(y[:cut], x[:cut])
			clear(y[cut:])
		}
	}
}
