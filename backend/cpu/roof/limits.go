package roof

import (
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Limits are what a number of threads can do at most, all of them at the same time.
type Limits struct {
	Threads int
	FMA     float64     // float32 operations a second, two a multiply-add
	Dot     float64     // the same on integers of 8 bits
	Reads   []Bandwidth // the smallest memory first
}

// Bandwidth is the rate at which memory of a size, divided among the threads, is read again and again.
type Bandwidth struct {
	Bytes int64
	Rate  float64 // bytes a second
}

// sizes are from what the first cache of a thread holds to what no cache holds.
var sizes = []int64{32 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 32 << 20, 64 << 20, 128 << 20}

// Measure takes about a tenth of a second, and 128 MiB of memory meanwhile.
func Measure(l level.Level, threads int) Limits {
	threads = max(threads, 1)
	m := Limits{Threads: threads, FMA: together(threads, func(int) float64 { return FMA(l) }), Dot: together(threads, func(int) float64 { return Dot(l) })}
	memory := make([]byte, sizes[len(sizes)-1])
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1 // pages that nothing was written to are all the same
	}
	for _, size := range sizes {
		part := max(int(size)/threads, 4<<10)
		m.Reads = append(m.Reads, Bandwidth{size, together(threads, func(i int) float64 {
			at := min(i*part, len(memory)-part)
			return Read(memory[at : at+part])
		})})
	}
	return m
}

// together adds up what threads that work side by side reach.
func together(threads int, f func(thread int) float64) float64 {
	rates := make([]float64, threads)
	var wg sync.WaitGroup
	for i := range rates {
		wg.Go(func() { rates[i] = f(i) })
	}
	wg.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum
}

// Rate is the bandwidth of the smallest memory that was measured and holds so many bytes, or of the largest one. A memory is taken to be at least as
// fast as every larger one.
func (l Limits) Rate(bytes int64) float64 {
	rate := 0.0
	for i, b := range l.Reads {
		if bytes <= b.Bytes || i == len(l.Reads)-1 {
			rate = max(rate, b.Rate)
		}
	}
	return rate
}
