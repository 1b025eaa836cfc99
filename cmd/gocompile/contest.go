package main

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	tryTime = 2 * time.Millisecond // of one measurement, at least
	tries   = 15                   // measurements, whose median counts
)

// race times all kernels that can compute a product, for each place where the second operand may lie.
func race(ctx context.Context, progress *progress, m, n, k, threads int) (*contest, error) {
	defer progress.spin("measuring")()
	limits, l, err := limitsOf(threads)
	if err != nil {
		return nil, err
	}
	workers := pool.New(threads)
	defer workers.Close()
	r := &contest{M: m, K: k, N: n, Threads: threads, Level: l.String(), Peak: limits.FMA}
	source := rand.New(rand.NewPCG(1, 1))
	numbers := func(count int) []float32 {
		x := make([]float32, count)
		for i := range x {
			x[i] = source.Float32() - 0.5
		}
		return x
	}
	args := gemm.Args{M: m, N: n, K: k, A: numbers(m * k), LDA: k, C: make([]float32, m*n), LDC: n}
	b := numbers(k * n)
	x := gemm.NewCtx(workers, l)
	for _, place := range []struct {
		name string
		set  func(a *gemm.Args)
	}{
		{"packed", func(a *gemm.Args) { a.Packed = gemm.PackB(b, k, n, n, false) }},
		{"packed as float16", func(a *gemm.Args) { a.Packed = gemm.PackBAs(gemm.Float16, b, k, n, n, false, nil) }},
		{"in place", func(a *gemm.Args) { a.B, a.LDB = b, n }},
		{"in place, transposed", func(a *gemm.Args) { a.B, a.LDB, a.TransB = b, k, true }},
	} {
		args := args
		place.set(&args)
		q := args.Query(l)
		chosen := gemm.Choose(q)
		var entries []entry
		for _, args.Kernel = range gemm.Candidates(q) {
			seconds, err := timed(ctx, func() { gemm.MatMul(x, args) })
			if err != nil {
				return nil, err
			}
			rate := 2 * float64(m) * float64(n) * float64(k) / seconds
			entries = append(entries, entry{place.name, args.Kernel.Name, args.Kernel == chosen, seconds, rate, rate / r.Peak})
		}
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.Time, b.Time) })
		r.Entries = append(r.Entries, entries...)
	}
	return r, nil
}

// timed is the time of a call in seconds.
func timed(ctx context.Context, f func()) (float64, error) {
	var times []float64
	for n := 1; len(times) < tries; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		begin := time.Now()
		for range n {
			f()
		}
		took := time.Since(begin)
		if took < tryTime {
			n *= 2
			continue
		}
		times = append(times, took.Seconds()/float64(n))
	}
	slices.Sort(times)
	return quantile(times, 0.5), nil
}
