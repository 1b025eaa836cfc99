package randomgraph

import (
	"context"
	"math/rand/v2"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// trial is an evaluation of the graph in the making for certain sizes, so that nodes that no inputs fit are not kept: whether shapes broadcast, for
// instance, cannot be told from symbols.
type trial struct {
	*rand.Rand
	sizes   map[string]int
	values  map[*ir.Value]tensor.Value
	binding sym.Binding
}

func newTrial(r *rand.Rand, batch, rows, past int) *trial {
	return &trial{Rand: r, sizes: map[string]int{"B": batch, "N": rows, "P": past}, values: map[*ir.Value]tensor.Value{}}
}

// input adds an input.
func (m *maker) input(name string, t ir.Type) *ir.Value {
	v := m.g.AddInput(name, t)
	for _, s := range m.trials {
		s.bind(m.g.Scope)
		s.values[v] = inputOf(s.Rand, v, s.binding, s.sizes["N"])
	}
	return v
}

// bind gives the symbols their sizes; more of them may have been made.
func (s *trial) bind(scope *sym.Scope) {
	b := scope.NewBinding()
	copy(b, s.binding)
	s.binding = b
	bindSizes(scope, b, s.sizes)
}

// node adds a node. It fails if the inputs do not fit the operator, or do not in a trial.
func (m *maker) node(o ir.Op, in ...*ir.Value) (*ir.Node, error) {
	n, err := m.g.Add(o, in...)
	if err != nil {
		return nil, err
	}
	for _, s := range m.trials {
		s.bind(m.g.Scope)
		if err := s.run(n); err != nil {
			m.g.Remove(n)
			return nil, err
		}
	}
	return n, nil
}

func (s *trial) run(n *ir.Node) error {
	c := &ir.EvalContext{Context: context.Background(), Binding: s.binding}
	for _, v := range n.In() {
		switch {
		case v == nil:
			c.In = append(c.In, nil)
		case v.Const != nil:
			c.In = append(c.In, v.Const)
		default:
			c.In = append(c.In, s.values[v])
		}
	}
	if err := ir.CallEval(n.Op, c); err != nil {
		return err
	}
	for i, v := range n.Out() {
		if i < len(c.Out) && c.Out[i] != nil {
			if err := ir.BindValue(v.Type, c.Out[i], s.binding); err != nil {
				return err
			}
			s.values[v] = c.Out[i]
		}
	}
	return nil
}
