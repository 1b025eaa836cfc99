package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// SequenceMap runs a body for each item of its first input, a sequence. Of the first Mapped inputs, sequences give one item to each
// run, and must be as long as the first; tensors go to each run as they are, as do all inputs after them, which the body
// captures. The results are sequences of what the body gives.
type SequenceMap struct {
	Mapped int
	Body   *ir.Graph
}

// Bodies implements [ir.BodyOwner].
func (o *SequenceMap) Bodies() []*ir.Graph { return []*ir.Graph{o.Body} }

// WithBodies implements [ir.BodyOwner].
func (o *SequenceMap) WithBodies(b []*ir.Graph) ir.Op { return &SequenceMap{o.Mapped, b[0]} }

// Infer implements [ir.Op].
func (o *SequenceMap) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if _, err := sequenceOf(c, 0); err != nil {
		return nil, err
	}
	if len(o.Body.Inputs()) != c.NumIn() || o.Mapped < 1 || o.Mapped > c.NumIn() {
		return nil, fmt.Errorf("body with %d inputs does not fit %d inputs, %d of them mapped", len(o.Body.Inputs()), c.NumIn(), o.Mapped)
	}
	facts := make([]ir.Fact, len(o.Body.Outputs()))
	for i, out := range o.Body.Outputs() {
		facts[i] = ir.Of(ir.SequenceType(out.Value.Type))
	}
	return facts, nil
}

// Eval implements [ir.Op].
func (o *SequenceMap) Eval(c *ir.EvalContext) error {
	n := len(sequence(c, 0).Items)
	outs := o.Body.Outputs()
	results := make([]*tensor.Sequence, len(outs))
	for k, out := range outs {
		results[k] = &tensor.Sequence{Items: make([]tensor.Value, 0, n)}
		if t := out.Value.Type; t.IsTensor() {
			results[k].Elem = t.Elem
		}
		c.Set(k, results[k])
	}
	in := make([]tensor.Value, len(c.In))
	for i := range n {
		if err := contextErr(c); err != nil {
			return err
		}
		copy(in, c.In)
		for k := range o.Mapped {
			s, ok := c.In[k].(*tensor.Sequence)
			if !ok {
				continue
			}
			if len(s.Items) != n {
				return fmt.Errorf("input %d has %d items, the first input has %d", k, len(s.Items), n)
			}
			in[k] = s.Items[i]
		}
		out, err := c.Run(o, 0, in)
		if err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
		for k, v := range out {
			results[k].Items = append(results[k].Items, v)
		}
	}
	return nil
}

func init() { ir.Register[SequenceMap]() }
