package roof

import (
	"time"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

const (
	slice = 200 * time.Microsecond // what one measurement takes, at least
	tries = 5                      // measurements of which the best counts
)

// FMA is the rate of float32 multiply-adds with the instructions of a level, in operations a second: two a multiply-add.
func FMA(l level.Level) float64 { return operations(l, multiply) }

// Dot is the rate at which integers of 8 bits are multiplied and added up in 32 bits, counted as FMA is.
func Dot(l level.Level) float64 { return operations(l, dot) }

func operations(l level.Level, f func(l level.Level, n int) float64) float64 {
	l = min(l, level.Highest())
	return rate(1<<10, func(n int) float64 { return f(l, n) })
}

// Read is the rate at which data is read, in bytes a second. All of data is read in order, so its size says which memory is measured; it has 4
// KiB at least, and should have been read or written before.
func Read(data []byte) float64 {
	return rate(1, func(n int) float64 {
		for range n {
			touch(data)
		}
		return float64(len(data) / blockBytes * blockBytes * n)
	})
}

// rate is the best of some measurements of what f does a second, in n turns or more.
func rate(n int, f func(n int) float64) float64 {
	best := 0.0
	for done := 0; done < tries; {
		start := time.Now()
		amount := f(n)
		took := time.Since(start)
		if took < slice {
			n *= 2
			continue
		}
		best = max(best, amount/took.Seconds())
		done++
	}
	return best
}

// blockBytes is what touch reads at a time.
const blockBytes = 256
