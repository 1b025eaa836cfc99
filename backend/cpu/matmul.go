package cpu

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.MatMul, n *ir.Node, p *Program) kernel {
		k := newMatMul(o, n)
		if k == nil {
			return nil
		}
		k.pack(p, n.Input(1))
		return k
	})
	lowerBy(func(o *op.Gemm, n *ir.Node, p *Program) kernel {
		k := newGemm(o, n)
		if k == nil {
			return nil
		}
		k.pack(p, n.Input(1))
		return k
	})
}

// newGemm is newMatMul for Gemm.
func newGemm(o *op.Gemm, n *ir.Node) *matmul {
	a, b := n.Input(0).Type, n.Input(1).Type
	if a.Elem != tensor.Float32 || !a.Ranked || !b.Ranked || o.Alpha == 0 {
		return nil
	}
	k := &matmul{transA: o.TransA, transB: o.TransB, epilogue: gemm.Epilogue{Scale: o.Alpha}, gemm: true, single: true, columns: true}
	if n.Input(2) != nil {
		k.beta = o.Beta
	}
	return k
}

// newMatMul is the kernel of a node, without packed weights; nil if there is none for it.
func newMatMul(o *op.MatMul, n *ir.Node) *matmul {
	a, b := n.Input(0).Type, n.Input(1).Type
	if a.Elem != tensor.Float32 || !a.Ranked || !b.Ranked {
		return nil
	}
	k := &matmul{transA: o.TransA && len(a.Dims) > 1, transB: o.TransB && len(b.Dims) > 1}
	k.single = len(b.Dims) == 2 && len(a.Dims) >= 2 && (!o.TransA || len(a.Dims) == 2)
	k.columns = len(b.Dims) > 1
	return k
}

// matmul multiplies float32 matrices, [B…, M, K] by [B…, K, N], with an epilogue. A constant right operand is packed when the
// program is compiled.
type matmul struct {
	transA, transB bool
	packed         *gemm.Packed
	epilogue       gemm.Epilogue // but for the operands
	gemm           bool          // the third input, if there is one, is C of Gemm
	beta           float32       // its factor
	single         bool          // all is one product of two matrices
	columns        bool          // the last axis of the result is N
	bias, residual int           // inputs, 0 for none
	part           columns       // of the right operand that are computed, and of the bias that stands before them
}

// columns is count columns of a matrix from the first on; without a count it is all.
type columns struct{ first, count int }

// of is those columns among n.
func (c columns) of(n int) (first, count int) {
	if c.count == 0 {
		return 0, n
	}
	return c.first, c.count
}

// packedMatrix is the key of a packed matrix.
type packedMatrix struct {
	weights     *tensor.Tensor
	scale, zero *tensor.Tensor // of integers
	round       bool           // they multiply rounded numbers
	trans       bool
	part        columns
}

func (k *matmul) pack(p *Program, v *ir.Value) {
	w, key := v.Const, packedMatrix{weights: v.Const, trans: k.transB, part: k.part}
	integers := integerWeightsOf(v)
	if integers != nil {
		w, key = integers.q, integers.key(k.transB, k.part)
	}
	if w == nil || w.Rank() != 2 {
		return
	}
	k.packed = packed(p.packs, key, func() *gemm.Packed {
		if integers != nil {
			defer p.spent(w)
			defer p.spent(integers.scale)
			return integers.packed(k.transB, k.part, p.packs.memory())
		}
		return p.packFloats(w, k.transB, k.part)
	}, w)
}

// packFloats packs columns of a matrix, or of its transpose, on all threads, and releases what was packed bit by bit, so that no large matrix is in memory
// twice.
func (p *Program) packFloats(w *tensor.Tensor, trans bool, part columns) *gemm.Packed {
	rows, cols := w.Dim(0), w.Dim(1)
	if trans {
		rows, cols = cols, rows
	}
	first, n := part.of(cols)
	if trans {
		first *= w.Dim(1)
	}
	m := gemm.BeginPacking(p.weights, f32(w)[min(first, w.Len()):], rows, n, w.Dim(1), trans, p.packs.memory())
	p.pool.Run(m.Pieces(), func(i int) {
		if done := m.Pack(i); p.release != nil && len(done) > 0 {
			p.release(done)
		}
	})
	return m.Packed()
}

// String names the parts of the epilogue.
func (k *matmul) String() string {
	parts := []string{"matmul"}
	if k.epilogue.Scale != 0 && k.epilogue.Scale != 1 {
		parts = append(parts, "scale")
	}
	if k.bias > 0 || k.beta != 0 {
		parts = append(parts, "bias")
	}
	if k.residual > 0 && k.epilogue.ResidualFirst {
		parts = append(parts, "residual")
	}
	if k.epilogue.Activation != gemm.Identity {
		parts = append(parts, k.epilogue.Activation.String())
	}
	if k.residual > 0 && !k.epilogue.ResidualFirst {
		parts = append(parts, "residual")
	}
	return strings.Join(parts, "+")
}

func (k *matmul) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(k, x, in, out) }

// bind finds the sizes.
func (k *matmul) bind(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
	a, b := asMatrix(in[0].Shape(), true), asMatrix(in[1].Shape(), false)
	if a == nil || b == nil {
		return nil, fmt.Errorf("a scalar is no matrix")
	}
	batchA, batchB := a[:len(a)-2], b[:len(b)-2]
	m, depth, n := a[len(a)-2], a[len(a)-1], b[len(b)-1]
	rows := b[len(b)-2]
	if k.transA {
		m, depth = depth, m
	}
	if k.transB {
		rows, n = n, rows
	}
	_, n = k.part.of(n)
	if depth != rows || k.packed != nil && (k.packed.K() != depth || k.packed.N() != n) {
		return nil, fmt.Errorf("shapes %v and %v cannot be multiplied", in[0].Shape(), in[1].Shape())
	}
	if out[0].Len() == 0 {
		return kernelFunc(func(*exec, []*tensor.Tensor, []*tensor.Tensor) error { return nil }), nil
	}
	p := &product{matmul: k, epilogue: k.epilogue}
	p.args = gemm.Args{M: m, N: n, K: depth, LDA: a[len(a)-1], TransA: k.transA, LDC: n}
	if k.packed == nil {
		p.args.LDB, p.args.TransB = b[len(b)-1], k.transB
	}
	batch := batchA
	if len(batchB) > len(batch) || count(batchB) > count(batchA) {
		batch = batchB
	}
	if count(batch)*m*n != out[0].Len() { // both broadcast, each along axes of its own
		shape := out[0].Shape()
		batch = shape[:max(0, max(len(batchA), len(batchB)))]
	}
	if count(batch)*m*n != out[0].Len() {
		return nil, fmt.Errorf("shapes %v and %v do not give %v", in[0].Shape(), in[1].Shape(), out[0].Shape())
	}
	if len(batchB) == 0 && !k.transA { // all matrices of A as one
		p.args.M = m * count(batch)
		batch = nil
	}
	if err := p.layOut(batch, batchA, batchB); err != nil {
		return nil, err
	}
	if err := p.checkEpilogue(in); err != nil {
		return nil, err
	}
	return p, nil
}

// asMatrix sees a vector as a row on the left, and as a column on the right.
func asMatrix(shape []int, left bool) []int {
	switch {
	case len(shape) == 0:
		return nil
	case len(shape) == 1 && left:
		return []int{1, shape[0]}
	case len(shape) == 1:
		return []int{shape[0], 1}
	}
	return shape
}

// product is a matmul for certain shapes.
type product struct {
	*matmul
	args     gemm.Args
	epilogue gemm.Epilogue
	batch    gemm.Batch // Count 0: one product
	atA, atB []int      // by product, where its operands begin, if they do not lie at equal distances
	addend   []int      // of C of Gemm that is no bias of the columns: its rows and columns
}

// layOut finds where the operands of each product lie.
func (p *product) layOut(batch, batchA, batchB []int) error {
	n := count(batch)
	if len(batch) == 0 {
		return nil
	}
	sizeA, sizeB := p.args.M*p.args.K, p.args.K*p.args.N
	p.batch = gemm.Batch{Count: n, StrideA: sizeA, StrideB: sizeB, StrideC: p.args.M * p.args.N}
	if a, b := count(batchA), count(batchB); (a == n || a == 1) && (b == n || b == 1) {
		if a == 1 {
			p.batch.StrideA = 0
		}
		if b == 1 {
			p.batch.StrideB = 0
		}
		return nil
	}
	stepA, err := broadcast(batchA, batch)
	if err != nil {
		return err
	}
	stepB, err := broadcast(batchB, batch)
	if err != nil {
		return err
	}
	p.atA, p.atB = make([]int, n), make([]int, n)
	for i := range n {
		for axis, rest := len(batch)-1, i; axis >= 0; axis-- {
			j := rest % batch[axis]
			rest /= batch[axis]
			p.atA[i] += j * stepA[axis] * sizeA
			p.atB[i] += j * stepB[axis] * sizeB
		}
	}
	return nil
}

func (p *product) checkEpilogue(in []*tensor.Tensor) error {
	if p.bias > 0 && in[p.bias].Len() < p.part.first+p.args.N {
		return fmt.Errorf("a bias of shape %v for %d columns", in[p.bias].Shape(), p.part.first+p.args.N)
	}
	if p.residual > 0 && in[p.residual].Len() != p.args.M*p.args.N {
		return fmt.Errorf("a summand of shape %v for a product of %d by %d", in[p.residual].Shape(), p.args.M, p.args.N)
	}
	if !p.gemm || p.beta == 0 {
		return nil
	}
	c := in[2]
	if _, err := broadcast(c.Shape(), []int{p.args.M, p.args.N}); err != nil {
		return err
	}
	if p.beta != 1 || c.Len() != p.args.N || c.Rank() > 1 && c.Dim(0) != 1 {
		p.addend = []int{1, 1}
		copy(p.addend[2-c.Rank():], c.Shape())
	}
	return nil
}

func (p *product) run(x *exec, in, out []*tensor.Tensor) error {
	p.load(in, out)
	defer p.unload()
	args := &p.args
	switch {
	case p.atA != nil:
		one := *args
		for i := range p.atA {
			one.A, one.C = args.A[p.atA[i]:], args.C[i*args.M*args.N:]
			if p.packed == nil {
				one.B = args.B[p.atB[i]:]
			}
			gemm.MatMul(x.gemm, one)
		}
	case p.batch.Count > 0:
		gemm.MatMulBatch(x.gemm, p.batch, *args)
	default:
		gemm.MatMul(x.gemm, *args)
	}
	return nil
}

// load sets the operands.
func (p *product) load(in, out []*tensor.Tensor) {
	args := &p.args
	args.A, args.C, args.Packed = f32(in[0]), f32(out[0]), p.packed
	if p.packed == nil {
		args.B = f32(in[1])
	}
	e := &p.epilogue
	args.Epilogue = e
	switch {
	case p.addend != nil:
		p.addC(f32(in[2]))
	case p.gemm && p.beta != 0:
		e.ColumnBias = f32(in[2])
	}
	if p.bias > 0 {
		e.ColumnBias = f32(in[p.bias])[p.part.first:]
	}
	if p.residual > 0 {
		e.Residual, e.ResidualStride = f32(in[p.residual]), args.N
	}
}

// unload lets go of the operands.
func (p *product) unload() {
	p.args.A, p.args.B, p.args.C, p.epilogue.ColumnBias, p.epilogue.Residual = nil, nil, nil, nil, nil
}

// addC writes C of Gemm to the result, to which the product is added.
func (p *product) addC(c []float32) {
	rows, cols := p.addend[0], p.addend[1]
	for i := range p.args.M {
		for j := range p.args.N {
			p.args.C[i*p.args.N+j] = p.beta * c[min(i, rows-1)*cols+min(j, cols-1)]
		}
	}
	p.epilogue.Accumulate = true
}
