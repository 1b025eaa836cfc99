package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// LinearAttention keeps a matrix as the memory of each head instead of all keys and values. At each row t
//
//	S = exp(g)·S                    if there is a decay g
//	v = β·(v − Sᵀ·k)                if there is a rate β, the delta rule
//	S = S + k·vᵀ
//	y = Scale·Sᵀ·q
//
// Sizes are as for [Attention]: H heads of queries, G of keys and values, D and E elements of a head of K and of V. Inputs are Q
// [B, S, H·D], K [B, S, G·D], V [B, S, G·E], and optionally the memory before the first row [B, G, D, E] (absent: zeros), the decay
// [B, S, G] or [B, S, G·D], and the rate [B, S, G] or [B, S, 1]. Results are Y [B, S, H·E] with the elements of Q, and the memory after the
// last row [B, G, D, E], with those of the memory before or of Q. Sums are in float64.
//
// Sources: ONNX LinearAttention 27; Yang et al., Gated Delta Networks.
type LinearAttention struct {
	Heads, KVHeads int     // H and G
	Scale          float32 // 0 is 1/√D
}

// The inputs of [LinearAttention].
const (
	LinearQ = iota
	LinearK
	LinearV
	LinearState
	LinearDecay
	LinearRate
	linearInputs
)

// Infer implements [ir.Op].
func (o *LinearAttention) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, linearInputs); err != nil {
		return nil, err
	}
	if o.Heads <= 0 || o.KVHeads <= 0 || o.Heads%o.KVHeads != 0 {
		return nil, fmt.Errorf("%d heads of queries are not a multiple of %d heads of keys", o.Heads, o.KVHeads)
	}
	for i := range c.NumIn() {
		want := 3
		if i == LinearState {
			want = 4
		}
		if t := c.Type(i); c.Has(i) && (!t.Elem.IsFloat() || t.Ranked && len(t.Dims) != want) {
			return nil, fmt.Errorf("input %d must hold floats on %d axes, got %v", i, want, t)
		}
	}
	q, k, v, state := c.Type(LinearQ), c.Type(LinearK), c.Type(LinearV), c.Type(LinearState)
	if !c.Has(LinearState) {
		state = q
	}
	if !q.Ranked || !k.Ranked || !v.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(q.Elem)), ir.Of(ir.UnrankedType(state.Elem))}, nil
	}
	columns := func(t ir.Type, heads int) sym.Expr {
		if d, ok := sym.DivExact(t.Dims[2], sym.Int(heads)); ok {
			return d
		}
		return t.Dims[2].FloorDiv(int64(heads))
	}
	y := q.WithDims(q.Dims[0], q.Dims[1], v.Dims[2].Mul(sym.Int(o.Heads/o.KVHeads)))
	return []ir.Fact{ir.Of(y), ir.Of(state.WithDims(q.Dims[0], sym.Int(o.KVHeads), columns(k, o.KVHeads), columns(v, o.KVHeads)))}, nil
}

// Eval implements [ir.Op].
func (o *LinearAttention) Eval(c *ir.EvalContext) error {
	q, k, v := viewHeads(c.Tensor(LinearQ), "Q", o.Heads), viewHeads(c.Tensor(LinearK), "K", o.KVHeads), viewHeads(c.Tensor(LinearV), "V", o.KVHeads)
	if k.batch != q.batch || v.batch != q.batch || k.rows != q.rows || v.rows != q.rows || k.size != q.size {
		return fmt.Errorf("shapes %v of Q, %v of K and %v of V do not belong together", q.t.Shape(), k.t.Shape(), v.t.Shape())
	}
	gate := func(i int) func(b, h, row, d int) float64 {
		t := c.Tensor(i)
		if t == nil {
			return nil
		}
		n, s := 0, t.Shape()
		if len(s) == 3 {
			n = s[2]
		}
		if len(s) != 3 || s[0] != q.batch || s[1] != q.rows || n != 1 && n != o.KVHeads && (i != LinearDecay || n != o.KVHeads*q.size) {
			ir.Fail("input %d of shape %v does not fit %d batches of %d rows and %d heads of %d", i, s, q.batch, q.rows, o.KVHeads, q.size)
		}
		return func(b, h, row, d int) float64 {
			at := 0
			switch n {
			case o.KVHeads:
				at = h
			case o.KVHeads * q.size:
				at = h*q.size + d
			}
			return t.Float64((b*q.rows+row)*n + at)
		}
	}
	decay, rate := gate(LinearDecay), gate(LinearRate)
	before, elem := c.Tensor(LinearState), q.t.DType()
	if before != nil {
		elem = before.DType()
		if s := before.Shape(); len(s) != 4 || s[0] != q.batch || s[1] != o.KVHeads || s[2] != q.size || s[3] != v.size {
			return fmt.Errorf("the state must be [%d, %d, %d, %d], got shape %v", q.batch, o.KVHeads, q.size, v.size, s)
		}
	}
	y := viewHeads(c.New(0, q.t.DType(), q.batch, q.rows, o.Heads*v.size), "Y", o.Heads)
	after := c.New(1, elem, q.batch, o.KVHeads, q.size, v.size)
	scale := float64(o.Scale)
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(q.size))
	}
	s, delta := make([]float64, q.size*v.size), make([]float64, v.size)
	for b := range q.batch {
		for g := range o.KVHeads {
			first := (b*o.KVHeads + g) * len(s)
			for i := range s {
				s[i] = 0
				if before != nil {
					s[i] = before.Float64(first + i)
				}
			}
			for row := range q.rows {
				if decay != nil {
					for i := range s {
						s[i] *= math.Exp(decay(b, g, row, i/v.size))
					}
				}
				for e := range delta {
					delta[e] = v.at(b, g, row, e)
					if rate != nil {
						for d := range q.size {
							delta[e] -= s[d*v.size+e] * k.at(b, g, row, d)
						}
						delta[e] *= rate(b, g, row, 0)
					}
				}
				for i := range s {
					s[i] += k.at(b, g, row, i/v.size) * delta[i%v.size]
				}
				for h := g * (o.Heads / o.KVHeads); h < (g+1)*(o.Heads/o.KVHeads); h++ {
					for e := range v.size {
						sum := 0.0
						for d := range q.size {
							sum += q.at(b, h, row, d) * s[d*v.size+e]
						}
						y.set(b, h, row, e, scale*sum)
					}
				}
			}
			for i, x := range s {
				after.SetFloat64(first+i, x)
			}
		}
	}
	return nil
}

func init() { ir.Register[LinearAttention]() }
