package attention

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Linear is attention with a matrix [Size, ValueSize] as the memory of each head of keys, as ir/op.LinearAttention defines it.
type Linear struct {
	Batch, Heads, Groups int
	Rows                 int
	Size, ValueSize      int       // of a head of Q and K, and of V
	Q, K, V, Y           Operand   // Y must not share memory with the others
	State                []float32 // [Batch, Groups, Size, ValueSize], the memory before the first row, then after the last
	Decay                Gate      // of one number or Size numbers a head; Data nil: none
	Rate                 Gate      // of one number a head; Data nil: no delta rule
	Scale                float32
}

// Gate has numbers for each batch, row and head: those of head h of row i of batch b begin at Data[b*Batch + i*Row + h*Head].
type Gate struct {
	Data             []float32
	Batch, Row, Head int
	Wide             bool // one number for each element of a key
}

func (g *Gate) at(b, i, h int) int { return b*g.Batch + i*g.Row + h*g.Head }

// Check panics if the operands do not fit; to be called before Run.
func (p *Linear) Check() {
	if p.Groups <= 0 || p.Heads%p.Groups != 0 || len(p.State) < p.Batch*p.Groups*p.Size*p.ValueSize {
		panic(fmt.Sprintf("BUG: linear attention of %d heads on %d with a state of %d numbers", p.Heads, p.Groups, len(p.State)))
	}
	p.Q.check("Q", p.Batch, p.Heads, p.Rows, p.Size)
	p.K.check("K", p.Batch, p.Groups, p.Rows, p.Size)
	p.V.check("V", p.Batch, p.Groups, p.Rows, p.ValueSize)
	p.Y.check("Y", p.Batch, p.Heads, p.Rows, p.ValueSize)
}

// Run passes all rows by heads [lo, hi) of keys, counted over all batches. It needs ValueSize numbers of scratch memory.
func (p *Linear) Run(lo, hi int, scratch []float32) {
	for i := lo; i < hi; i++ {
		size := p.Size * p.ValueSize
		state := p.State[i*size : (i+1)*size]
		for row := range p.Rows {
			p.step(i/p.Groups, i%p.Groups, row, state, scratch[:p.ValueSize])
		}
	}
}

// step is one row of one head of keys.
func (p *Linear) step(b, g, row int, state, delta []float32) {
	n := p.ValueSize
	key, value := p.K.Data[p.K.at(b, g, row):][:p.Size], p.V.Data[p.V.at(b, g, row):][:n]
	if d := &p.Decay; d.Data != nil {
		at := d.at(b, row, g)
		if d.Wide {
			for i, x := range d.Data[at : at+p.Size] {
				s := state[i*n : (i+1)*n]
				vec.MulScalar(s, s, float32(math.Exp(float64(x))))
			}
		} else {
			vec.MulScalar(state, state, float32(math.Exp(float64(d.Data[at]))))
		}
	}
	if r := &p.Rate; r.Data != nil {
		recall(delta, key, state)
		vec.Sub(delta, value, delta)
		vec.MulScalar(delta, delta, r.Data[r.at(b, row, g)])
		value = delta
	}
	for i, x := range key {
		s := state[i*n : (i+1)*n]
		vec.AddScaled(s, s, x, value)
	}
	share := p.Heads / p.Groups
	for h := g * share; h < (g+1)*share; h++ {
		y := p.Y.Data[p.Y.at(b, h, row):][:n]
		recall(y, p.Q.Data[p.Q.at(b, h, row):][:p.Size], state)
		vec.MulScalar(y, y, p.Scale)
	}
}

// recall sets dst to the product of a row vector and a matrix.
func recall(dst, x, m []float32) {
	clear(dst)
	for i, v := range x {
		vec.AddScaled(dst, dst, v, m[i*len(dst):][:len(dst)])
	}
}
