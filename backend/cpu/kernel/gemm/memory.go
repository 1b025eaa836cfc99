package gemm

import "github.com/gocompile/gocompile/tensor"

// Memory hands out memory for packed matrices, small ones side by side so that they share huge pages. It is not for concurrent use; a nil one takes memory for each
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

// Floats is n numbers that are 0.
func (m *Memory) Floats(n int) []float32 { return floatsOf(m.Take(4 * n)) }
