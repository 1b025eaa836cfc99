package op

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	random "math/rand/v2"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// source is PCG-DXSM (Go's math/rand/v2) whose two words of state are the seed and its complement. An operator with a seed of its own
// draws the same numbers in every call; without, the seed is the evaluation's or comes from the operating system.
func source(seed *uint64, c *ir.EvalContext) *random.Rand {
	var v uint64
	switch {
	case seed != nil:
		v = *seed
	case c.Random != nil:
		v = c.Random()
	default:
		var b [8]byte
		rand.Read(b[:]) // never fails
		v = binary.LittleEndian.Uint64(b[:])
	}
	return random.New(random.NewPCG(v, ^v))
}

// uniform draws from [0, 1): as many random bits as an element of type d holds.
func uniform(r *random.Rand, d tensor.DType) float64 {
	bits := 24
	switch d {
	case tensor.Float64:
		bits = 53
	case tensor.Float16:
		bits = 11
	case tensor.BFloat16:
		bits = 8
	}
	return math.Ldexp(float64(r.Uint64()>>(64-bits)), -bits)
}

// Random is a tensor of independent random numbers of the shape that the input, an integer vector, says: from the normal distribution with
// mean A and standard deviation B if Normal is set, else from the uniform one on [A, B) (ONNX RandomNormal 22, RandomUniform 22).
type Random struct {
	Normal bool
	A, B   float32
	Elem   tensor.DType
	Seed   *uint64
}

// Impure implements [ir.Impure].
func (o *Random) Impure() bool { return true }

// Infer implements [ir.Op].
func (o *Random) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if !o.Elem.IsFloat() {
		return nil, fmt.Errorf("random numbers cannot be %v", o.Elem)
	}
	return []ir.Fact{shapedFact(c, 0, o.Elem, nil)}, nil
}

// Eval implements [ir.Op].
func (o *Random) Eval(c *ir.EvalContext) error {
	y := c.New(0, o.Elem, tensor.Ints(c.Tensor(0))...)
	r, a, b := source(o.Seed, c), float64(o.A), float64(o.B)
	for i := range y.Len() {
		if o.Normal {
			y.SetFloat64(i, a+b*r.NormFloat64())
		} else {
			y.SetFloat64(i, a+(b-a)*uniform(r, o.Elem))
		}
	}
	return nil
}

// Multinomial draws Count times, with replacement, from the columns of each row of a matrix [B, classes] of unnormalised logarithms of
// probabilities. The result [B, Count] holds numbers of columns as i32 or i64 (ONNX Multinomial 22).
type Multinomial struct {
	Count int
	Elem  tensor.DType
	Seed  *uint64
}

// Impure implements [ir.Impure].
func (o *Multinomial) Impure() bool { return true }

// Infer implements [ir.Op].
func (o *Multinomial) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() || o.Elem != tensor.Int32 && o.Elem != tensor.Int64 || o.Count < 0 {
		return nil, fmt.Errorf("cannot draw %d numbers %v from logarithms %v", o.Count, o.Elem, t.Elem)
	}
	if t.Ranked && len(t.Dims) != 2 {
		return nil, fmt.Errorf("needs a matrix of logarithms, got %v", t)
	}
	rows := c.Fresh("batch")
	if t.Ranked {
		rows = t.Dims[0]
	}
	return []ir.Fact{ir.Of(ir.TensorType(o.Elem, rows, sym.Int(o.Count)))}, nil
}

// Eval implements [ir.Op].
func (o *Multinomial) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if x.Rank() != 2 || x.Dim(1) == 0 && x.Dim(0)*o.Count > 0 {
		return fmt.Errorf("needs a matrix of logarithms, got shape %v", x.Shape())
	}
	y := c.New(0, o.Elem, x.Dim(0), o.Count)
	r := source(o.Seed, c)
	sums := make([]float64, x.Dim(1)) // running, relative to the largest probability
	for b := range x.Dim(0) {
		peak := math.Inf(-1)
		for i := range sums {
			peak = max(peak, x.Float64(b*len(sums)+i))
		}
		total := 0.0
		for i := range sums {
			total += math.Exp(x.Float64(b*len(sums)+i) - peak)
			sums[i] = total
		}
		if !(total > 0) || math.IsInf(total, 0) {
			return fmt.Errorf("row %d has no probabilities", b)
		}
		for k := range o.Count {
			u, i := r.Float64()*total, 0
			for i < len(sums)-1 && sums[i] <= u {
				i++
			}
			y.SetInt64(b*o.Count+k, int64(i))
		}
	}
	return nil
}

func init() {
	ir.Register[Random]()
	ir.Register[Multinomial]()
}
