package gocompile

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/tensor"
)

// engine runs the steps of a stepper: what a [Stateful] and a [Batch] have in common.
type engine struct {
	model   *Model
	stepper *stepper
	all     runner
	part    *runner // computes the last position of a sequence only; nil until it is needed
	limits  backend.Limits
	config  *statefulConfig
	out     map[string]tensor.Value // if outputs are reused
	slots   []backend.Slot
	in      []tensor.Value
	derived []derived
}

// newEngine makes an engine with the options of a configuration.
func newEngine(m *Model, t *stepper, c *statefulConfig) (engine, error) {
	e := engine{model: m, stepper: t, config: c, limits: backend.Limits{Rows: c.rows, Bytes: m.memory}, slots: make([]backend.Slot, len(t.states)),
		in: make([]tensor.Value, len(t.all.graph.Inputs())), derived: deriveInputs(t)}
	e.all = e.runner(t.all)
	kept := c.kept
	switch {
	case kept == tensor.Invalid:
	case !backend.CanKeep(tensor.Float32, kept):
		return engine{}, fmt.Errorf("keys and values cannot be kept in %v: want %v, %v or %v", kept, tensor.Float32, tensor.Float16, tensor.Int8)
	case !t.appends:
		return engine{}, fmt.Errorf("there are no keys and values that steps append to, to be kept in %v; the states are %v", kept, t.pairs)
	}
	return e, nil
}

// keptIn is the type in which elements of a state are kept that steps append to.
func (e *engine) keptIn(elem tensor.DType) tensor.DType {
	if e.config.kept != tensor.Invalid && backend.CanKeep(elem, e.config.kept) {
		return e.config.kept
	}
	return elem
}

// States lists the states.
func (e *engine) States() []StatePair { return slices.Clone(e.stepper.pairs) }

// Inputs lists what a step takes: the inputs of the model that are no states.
func (e *engine) Inputs() []Port {
	return slices.DeleteFunc(e.model.Inputs(), func(p Port) bool {
		return slices.ContainsFunc(e.stepper.pairs, func(q StatePair) bool { return q.Input == p.Name })
	})
}

// Outputs lists what a step gives: the outputs of the model that are no states.
func (e *engine) Outputs() []Port {
	return slices.DeleteFunc(e.model.Outputs(), func(p Port) bool {
		return slices.ContainsFunc(e.stepper.pairs, func(q StatePair) bool { return q.Output == p.Name })
	})
}

func (e *engine) runner(c compiled) runner {
	return newRunner(c.program, c.variants, backend.SessionOptions{Reuse: e.config.reuse})
}

// runnerFor is that of a program for the last position.
func (e *engine) runnerFor(l *lazyProgram) (*runner, error) {
	if e.part == nil {
		c, err := l.get()
		if err != nil {
			return nil, err
		}
		r := e.runner(c)
		e.part = &r
	}
	return e.part, nil
}

// take puts the inputs that are given in order.
func (e *engine) take(inputs map[string]tensor.Value) error {
	taken := 0
	for i, v := range e.stepper.all.graph.Inputs() {
		if e.stepper.stateOf[i] >= 0 || e.stepper.byRow && i == len(e.in)-1 {
			continue
		}
		if x := inputs[v.Name]; x != nil {
			e.in[i] = x
			taken++
		}
	}
	if taken == len(inputs) {
		return nil
	}
	for name, x := range inputs {
		switch {
		case x == nil:
			return fmt.Errorf("input %q is missing; a step takes %s", name, portList(e.Inputs()))
		case !hasPort(e.model.Inputs(), name):
			return fmt.Errorf("the model has no input %q; a step takes %s", name, portList(e.Inputs()))
		case !hasPort(e.Inputs(), name):
			return fmt.Errorf("input %q is a state, which is kept", name)
		}
	}
	return nil
}

// complete says which input is missing.
func (e *engine) complete() error {
	for i, v := range e.stepper.all.graph.Inputs() {
		if e.in[i] == nil && e.stepper.stateOf[i] < 0 {
			return fmt.Errorf("input %q is missing; a step takes %s", v.Name, portList(e.Inputs()))
		}
	}
	return nil
}

// results are those that are no states, by name.
func (e *engine) results(all []tensor.Value) map[string]tensor.Value {
	out := e.out
	if out == nil {
		out = make(map[string]tensor.Value, len(all)-len(e.stepper.states))
	}
	for k, o := range e.stepper.all.graph.Outputs() {
		if !e.stepper.isState[k] {
			out[o.Name] = all[k]
		}
	}
	if e.config.reuse {
		e.out = out
	} else {
		clear(all)
	}
	return out
}

// arenaBytes is the memory that intermediate values take.
func (e *engine) arenaBytes() int64 {
	n := int64(e.all.arenaBytes())
	if e.part != nil {
		n += int64(e.part.arenaBytes())
	}
	return n
}
