package gemm

import "github.com/gocompile/gocompile/tensor"

// Memory hands out memory for packed matrices, side by side so that small ones share huge pages. It is not for concurrent use; a nil one takes memory for each
// matrix alone.
type Memory struct {
	rest []byte
	used int
}

const (
	memoryShare = 2 // of what was handed out, that is taken in advance
	memoryLimit = 8 << 20
	memoryAlone = 1 << 20 // bytes of a matrix from which on it lies alone
)

// Take is n bytes that are 0, from a multiple of 64 on.
func (m *Memory) Take(n int) []byte {
	if m == nil || n >= memoryAlone {
		return tensor.AlignedBytes(n)
	}
	size := (n + 63) &^ 63
	m.used += size
	if len(m.rest) < size {
		m.rest = tensor.AlignedBytes(max(size, min(memoryLimit, m.used/memoryShare)))
	}
	b := m.rest[:n:n]
	m.rest = m.rest[size:]
	return b
}
