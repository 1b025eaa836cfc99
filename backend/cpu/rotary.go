package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/backend/cpu/kernel/rows"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Rotary, n *ir.Node, _ *Program) kernel {
		if !ranked(n) {
			return nil
		}
		for _, v := range n.In()[:3] {
			if v.Type.Elem != tensor.Float32 {
				return nil
			}
		}
		return binder(func(_ *exec, _, _ []*tensor.Tensor) (kernel, error) {
			k := &rotary{op: o}
			k.body = k.part
			return k, nil
		})
	})
}

// rotary turns the heads of rows.
type rotary struct {
	op             *op.Rotary
	x, y           attention.Operand
	shape          [4]int // batch, heads, rows, size
	cos, sin       []float32
	half           int
	tableB, tableR int // steps in the tables from batch to batch and from row to row
	positions      *tensor.Tensor
	positionB      int
	limit          int // rows of the tables that positions choose from
	body           func(lo, hi int)
}

func (k *rotary) run(x *exec, in, out []*tensor.Tensor) error {
	var err error
	if k.x, k.shape, err = heads(in[0], k.op.Heads); err != nil {
		return err
	}
	if k.y, _, err = heads(out[0], k.op.Heads); err != nil {
		return err
	}
	if err := k.tables(in[1], in[2], operand(in, 3)); err != nil {
		return err
	}
	x.divide(k.shape[0]*k.shape[2], float64(k.shape[1]*k.shape[3]), k.body)
	positions := k.positions
	k.x, k.y, k.cos, k.sin, k.positions = attention.Operand{}, attention.Operand{}, nil, nil, nil
	if positions != nil && k.half > 0 {
		for i := range positions.Len() {
			if at := positions.Int64(i); at < 0 || at >= int64(k.limit) {
				return fmt.Errorf("position %d is outside of the table, which has %d rows", at, k.limit)
			}
		}
	}
	return nil
}

// tables finds the row of the tables for each row of x.
func (k *rotary) tables(cos, sin, positions *tensor.Tensor) error {
	s := cos.Shape()
	if sin.Len() != cos.Len() || len(s) < 2 || len(s) > 3 {
		return fmt.Errorf("tables of shapes %v and %v do not belong together", s, sin.Shape())
	}
	k.cos, k.sin, k.half, k.positions = f32(cos), f32(sin), s[len(s)-1], positions
	if err := k.op.Check(k.half, k.shape[3]); err != nil {
		return err
	}
	rows, batches := s[len(s)-2], 1
	if positions != nil {
		p := positions.Shape()
		if len(s) != 2 || len(p) != 2 || p[1] != k.shape[2] || p[0] != 1 && p[0] != k.shape[0] {
			return fmt.Errorf("positions of shape %v with a table of shape %v do not fit %d batches of %d rows", p, s, k.shape[0], k.shape[2])
		}
		k.limit, k.positionB = rows, p[1]
		if p[0] == 1 {
			k.positionB = 0
		}
		return nil
	}
	if len(s) == 3 {
		batches = s[0]
	}
	if rows != k.shape[2] || batches != 1 && batches != k.shape[0] {
		return fmt.Errorf("a table of shape %v does not fit %d batches of %d rows", s, k.shape[0], k.shape[2])
	}
	k.tableB, k.tableR = rows*k.half, k.half
	if batches == 1 {
		k.tableB = 0
	}
	return nil
}

// part turns rows [lo, hi) of all batches. Positions outside of the tables are left for run to find.
func (k *rotary) part(lo, hi int) {
	for i := lo; i < hi; i++ {
		b, row := i/k.shape[2], i%k.shape[2]
		at := b*k.tableB + row*k.tableR
		if k.positions != nil && k.half > 0 {
			p := k.positions.Int64(b*k.positionB + row)
			if p < 0 || p >= int64(k.limit) {
				continue
			}
			at = int(p) * k.half
		}
		cos, sin := k.cos[at:at+k.half], k.sin[at:at+k.half]
		for h := range k.shape[1] {
			from, to := b*k.x.Batch+h*k.x.Head+row*k.x.Row, b*k.y.Batch+h*k.y.Head+row*k.y.Row
			rows.Rotary(k.y.Data[to:to+k.shape[3]], k.x.Data[from:from+k.shape[3]], cos, sin, k.op.Interleaved)
		}
	}
}
