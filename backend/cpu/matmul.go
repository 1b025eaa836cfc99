package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.MatMul, n *ir.Node, _ *Program) kernel {
		a, b := n.Input(0).Type, n.Input(1).Type
		if a.Elem != tensor.Float32 || !a.Ranked || !b.Ranked || len(a.Dims) < 2 || len(b.Dims) < 2 {
			return nil
		}
		k := &matmul{transA: o.TransA, transB: o.TransB}
		if w := n.Input(1).Const; w != nil && w.Rank() == 2 {
			k.pack(w, o.TransB)
		}
		return k
	})
	lowerBy(func(o *op.Gemm, n *ir.Node, _ *Program) kernel {
		if n.Input(0).Type.Elem != tensor.Float32 {
			return nil
		}
		k := &matmul{transA: o.TransA, transB: o.TransB, epilogue: gemm.Epilogue{Scale: o.Alpha}, gemm: true}
		if o.Alpha == 0 {
			return nil
		}
		if n.Input(2) != nil {
			k.beta = o.Beta
		}
		if w := n.Input(1).Const; w != nil && w.Rank() == 2 {
			k.pack(w, o.TransB)
		}
		return k
	})
}

// matmul multiplies float32 matrices, [B…, M, K] by [B…, K, N]. A constant right operand is packed when the program is
// compiled.
type matmul struct {
	transA, transB bool
	packed         *gemm.Packed
	epilogue       gemm.Epilogue
	gemm           bool    // the third input, if there is one, is C of Gemm
	beta           float32 // its factor
}

func (k *matmul) pack(w *tensor.Tensor, trans bool) {
	rows, cols := w.Dim(0), w.Dim(1)
	if trans {
		rows, cols = cols, rows
	}
	k.packed = gemm.PackB(tensor.Data[float32](w), rows, cols, w.Dim(1), trans)
}

func (k *matmul) run(x *exec, in, out []*tensor.Tensor) error {
	a, b, c := in[0], in[1], out[0]
	ra, rb := a.Rank(), b.Rank()
	args := gemm.Args{A: tensor.Data[float32](a), LDA: a.Dim(ra - 1), TransA: k.transA, Packed: k.packed, C: tensor.Data[float32](c)}
	args.M, args.K = a.Dim(ra-2), a.Dim(ra-1)
	if k.transA {
		args.M, args.K = args.K, args.M
	}
	args.N = c.Dim(c.Rank() - 1)
	args.LDC = args.N
	if k.packed == nil {
		args.B, args.LDB, args.TransB = tensor.Data[float32](b), b.Dim(rb-1), k.transB
	}
	if k.gemm {
		return k.runGemm(x, in, args)
	}
	if rb == 2 && !k.transA { // all matrices of A as one
		args.M = a.Len() / max(1, args.K)
		if args.K == 0 {
			args.M = c.Len() / max(1, args.N)
		}
		gemm.MatMul(x.gemm, args)
		return nil
	}
	k.batches(x, in, out, args)
	return nil
}

// batches multiplies matrix by matrix; equal and broadcast batches in one call.
func (k *matmul) batches(x *exec, in, out []*tensor.Tensor, args gemm.Args) {
	a, b, c := in[0], in[1], out[0]
	sizeA, sizeB, sizeC := args.M*args.K, args.K*args.N, args.M*args.N
	count := 1
	for _, d := range c.Shape()[:c.Rank()-2] {
		count *= d
	}
	countA, countB := batchCount(a), batchCount(b)
	simple := func(n int) bool { return n == count || n == 1 }
	if simple(countA) && simple(countB) {
		batch := gemm.Batch{Count: count, StrideA: sizeA, StrideB: sizeB, StrideC: sizeC}
		if countA == 1 {
			batch.StrideA = 0
		}
		if countB == 1 {
			batch.StrideB = 0
		}
		gemm.MatMulBatch(x.gemm, batch, args)
		return
	}
	all := args
	dims := c.Shape()[:c.Rank()-2]
	for i := range count {
		args.A = all.A[batchIndex(i, dims, a)*sizeA:]
		if k.packed == nil {
			args.B = all.B[batchIndex(i, dims, b)*sizeB:]
		}
		args.C = all.C[i*sizeC:]
		gemm.MatMul(x.gemm, args)
	}
}

func batchCount(t *tensor.Tensor) int {
	n := 1
	for _, d := range t.Shape()[:t.Rank()-2] {
		n *= d
	}
	return n
}

// batchIndex is the matrix of t that belongs to matrix i of a result whose batch has those dimensions.
func batchIndex(i int, dims []int, t *tensor.Tensor) int {
	shape := t.Shape()[:t.Rank()-2]
	at, step := 0, 1
	for k := len(dims) - 1; k >= 0; k-- {
		pos := i % dims[k]
		i /= dims[k]
		if j := k - (len(dims) - len(shape)); j >= 0 {
			if shape[j] != 1 {
				at += pos * step
			}
			step *= shape[j]
		}
	}
	return at
}

// runGemm adds C of Gemm: as a bias of the columns where it is one, else written to the result first.
func (k *matmul) runGemm(x *exec, in []*tensor.Tensor, args gemm.Args) error {
	epilogue := k.epilogue
	args.Epilogue = &epilogue
	if len(in) > 2 && in[2] != nil && k.beta != 0 {
		c := in[2]
		bias := tensor.Data[float32](c)
		if k.beta == 1 && c.Len() == args.N && (c.Rank() == 1 || c.Dim(0) == 1) {
			epilogue.ColumnBias = bias
		} else {
			rows, cols := 1, 1
			if c.Rank() > 0 {
				cols = c.Dim(c.Rank() - 1)
			}
			if c.Rank() > 1 {
				rows = c.Dim(c.Rank() - 2)
			}
			for i := range args.M {
				for j := range args.N {
					args.C[i*args.N+j] = k.beta * bias[min(i, rows-1)*cols+min(j, cols-1)]
				}
			}
			epilogue.Accumulate = true
		}
	}
	gemm.MatMul(x.gemm, args)
	return nil
}
