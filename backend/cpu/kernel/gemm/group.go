package gemm

// MatMuls computes several products, each as [MatMul] would, whose blocks all threads share: small products wait for each other once, and not
// after each. B of each must be packed, and no C may share memory with an operand of another product.
func MatMuls(x *Ctx, args []*Args) {
	work := 0
	for _, a := range args {
		if a.Packed == nil {
			panic("BUG: a product of a group whose B is not packed")
		}
		work += workOf(a.M, a.N, a.K)
	}
	defer x.unround()
	if work < forkWork || x.pool.Threads() == 1 {
		for _, a := range args {
			x.matMul(*a)
		}
		return
	}
	x.group = grow(x.group, len(args))
	blocks, streams := 0, x.pool.Threads()
	for i, a := range args {
		a.check()
		p := &x.group[i]
		if a.M == 0 || a.N == 0 {
			continue
		}
		a.resolve(p, x.level)
		if a.rounds() {
			p.rounded = x.round(a)
		}
		p.divide(x.pool.Threads(), float64(workOf(a.M, a.N, a.K))/float64(work))
		if blocks += p.blocks; p.mBlocks > 1 {
			streams = 1
		}
	}
	x.groupBlocks, x.streams = blocks, streams
	x.spread(blocks, work, x.byGroup)
	clear(x.group)
}

// grow is s with length n, of zero products, in the memory of s if that is enough.
func grow(s []product, n int) []product {
	if cap(s) < n {
		return make([]product, n)
	}
	return s[:n]
}

// runGroup takes blocks of all products.
func (x *Ctx) runGroup(s int) {
	at, first := 0, 0 // the product of the last block, and the number of its first one
	for i, ok := x.take(x.groupBlocks); ok; i, ok = x.take(x.groupBlocks) {
		block := streamed(i, x.groupBlocks, x.streams)
		if block < first {
			at, first = 0, 0
		}
		for block >= first+x.group[at].blocks {
			first += x.group[at].blocks
			at++
		}
		x.group[at].block(block-first, &x.slots[s].tile, &x.slots[s].wide)
	}
}
