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
	memoryAlone = 1 << 20 // bytes of a matrix from which on it lies alone, but in what was reserved
)

// Reserve takes n bytes in advance, unless as many are left. Memory that comes at once keeps the garbage collector from looking
// through a growing heap again and again.
func (m *Memory) Reserve(n int) {
	if n > len(m.rest) {
		m.rest = tensor.AlignedBytes(wholeLines(n))
	}
}

// Take is n bytes that are 0, from a multiple of 64 on.
func (m *Memory) Take(n int) []byte {
	if m == nil {
		return tensor.AlignedBytes(n)
	}
	size := wholeLines(n)
	if len(m.rest) < size {
		if n >= memoryAlone {
			return tensor.AlignedBytes(n)
		}
		m.rest = tensor.AlignedBytes(max(size, wholeLines(min(memoryLimit, m.used/memoryShare))))
	}
	m.used += size
	b := m.rest[:n:n]
	m.rest = m.rest[size:]
	return b
}

// wholeLines is n or more, whole cache lines.
func wholeLines(n int) int { return (n + 63) &^ 63 }

// Floats is n numbers that are 0.
func (m *Memory) Floats(n int) []float32 { return numbersOf[float32](m.Take(4 * n)) }

// Halves is n numbers of two bytes that are 0.
func (m *Memory) Halves(n int) []uint16 { return numbersOf[uint16](m.Take(2 * n)) }
