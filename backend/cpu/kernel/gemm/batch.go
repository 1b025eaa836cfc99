package gemm

import "fmt"

// Batch is a number of products of one shape, whose operands lie at equal distances. A stride of zero broadcasts.
type Batch struct {
	Count                     int
	StrideA, StrideB, StrideC int // elements between the operands of one product and the next
}

// MatMulBatch computes Count products. A, B and C in args are the operands of the first, with all others after them. A
// Packed B is the same for all. The epilogue is the same for all, with the same operands.
func MatMulBatch(x *Ctx, batch Batch, args Args) {
	if batch.Count < 0 || batch.StrideA < 0 || batch.StrideB < 0 || batch.StrideC < 0 {
		panic(fmt.Sprintf("BUG: batch %+v", batch))
	}
	if batch.Count == 0 || args.M == 0 || args.N == 0 {
		return
	}
	last := batch.item(&args, batch.Count-1)
	last.check()
	if batch.Count < x.pool.Threads() && workOf(args.M, args.N, args.K) >= forkWork {
		for i := range batch.Count {
			MatMul(x, batch.item(&args, i))
		}
		return
	}
	x.batch, x.args = batch, args
	x.spread(batch.Count, workOf(args.M, args.N, args.K)*batch.Count, x.byItem)
	x.args = Args{}
}

func (b *Batch) item(args *Args, i int) Args {
	one := *args
	one.A = from(args.A, i*b.StrideA)
	one.C = from(args.C, i*b.StrideC)
	if args.Packed == nil {
		one.B = from(args.B, i*b.StrideB)
	}
	return one
}

// from is s without its first n elements; the checks of the product find out when too few are left.
func from(s []float32, n int) []float32 { return s[min(n, len(s)):] }

// runItems computes whole products on one thread.
func (x *Ctx) runItems(s int) {
	w := &x.slots[s]
	p := &w.prod
	for i, ok := x.take(x.batch.Count); ok; i, ok = x.take(x.batch.Count) {
		args := x.batch.item(&x.args, i)
		args.resolve(p, x.level)
		if args.Packed == nil {
			w.buffer = p.prepare(&args, &w.packed, w.buffer)
			for j := range w.packed.panels() {
				w.packed.fill(p.unpacked(&args), args.LDB, args.TransB, j)
			}
		}
		if args.rounds() {
			p.rounded = w.round(&args, x.level)
		}
		p.divide(1, 1)
		for b := range p.blocks {
			p.block(b, &w.tile, &w.wide)
		}
	}
	*p, w.tile = product{}, tile{}
}
