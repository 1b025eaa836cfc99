package gocompile

import (
	"encoding/binary"
	"errors"
	"maps"
	"sync"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// variants are programs for single tuples of input shapes, of a model part of whose graph is decided by shapes: branches that ask for them, values
// whose rank depends on them. With the shapes known, the passes take such a model apart as if it had been exported for them. Packed weights are
// shared. Models that need none of this have no variants.
type variants struct {
	graph   *ir.Graph
	general backend.Program
	passes  passes.Options

	mu   sync.Mutex
	seen map[string]*variant
	made int
}

// variant is the program for one tuple of shapes.
type variant struct {
	program backend.Program
}

const (
	maxVariants = 16   // programs of a model
	maxSeen     = 1024 // shapes that are remembered
)

// newVariants returns nil for a graph that has nothing to gain.
func newVariants(g *ir.Graph, general backend.Program, o passes.Options) *variants {
	if len(g.Inputs()) == 0 || !decidedByShapes(g) {
		return nil
	}
	o.Report, o.After = nil, nil
	o.Disable = maps.Clone(o.Disable)
	return &variants{graph: g, general: general, passes: o, seen: map[string]*variant{}}
}

// decidedByShapes reports whether a graph computes with shapes, or has values of unknown rank.
func decidedByShapes(g *ir.Graph) bool {
	found := false
	g.Walk(func(n *ir.Node) {
		switch n.Op.(type) {
		case *op.Shape, *op.Size:
			found = true
		}
		for _, v := range n.Out() {
			if t := v.Type; v.Used() && t.IsTensor() && !t.Ranked {
				found = true
			}
		}
	})
	return found
}

// find returns the variant for the shapes of these inputs, nil if the general program has to do. A variant is made when shapes come a second time,
// so that shapes which never come again cost nothing.
func (v *variants) find(in []tensor.Value) *variant {
	if v == nil || len(in) != len(v.graph.Inputs()) {
		return nil
	}
	var buffer [128]byte
	key := buffer[:0]
	for _, x := range in {
		t, ok := x.(*tensor.Tensor)
		if !ok {
			return nil
		}
		key = binary.AppendUvarint(key, uint64(t.Rank()))
		for _, d := range t.Shape() {
			key = binary.AppendUvarint(key, uint64(d))
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	known, again := v.seen[string(key)]
	switch {
	case known != nil:
		if known.program == nil {
			return nil
		}
		return known
	case !again:
		if len(v.seen) < maxSeen {
			v.seen[string(key)] = nil
		}
		return nil
	case v.made >= maxVariants:
		return nil
	}
	v.made++
	w := &variant{}
	v.seen[string(key)] = w // also if it fails: the general program says what is wrong with the inputs
	if w.program = v.make(in); w.program == nil {
		return nil
	}
	return w
}

// make compiles the program for the shapes of these inputs; nil if that fails.
func (v *variants) make(in []tensor.Value) backend.Program {
	b := v.graph.Scope.NewBinding()
	if ir.BindInputs(v.graph, in, b) != nil {
		return nil
	}
	v.general.Fill()
	g := v.graph.Clone()
	values := map[*sym.Symbol]int64{}
	for _, y := range g.Scope.Symbols() {
		if n, err := y.Expr().Eval(b); err == nil {
			values[y] = n
		}
	}
	if g.Substitute(values) != nil {
		return nil
	}
	if _, err := passes.Optimize(g, v.passes); err != nil {
		return nil
	}
	p, err := v.general.Variant(g, v.general.States())
	if err != nil {
		return nil
	}
	return p
}

func (v *variants) close() error {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var err error
	for _, w := range v.seen {
		if w != nil && w.program != nil {
			err = errors.Join(err, w.program.Close())
		}
	}
	clear(v.seen)
	return err
}

// runner has the sessions of a program and its variants, made as they are needed.
type runner struct {
	options  backend.SessionOptions
	general  backend.Session
	variants *variants
	special  map[*variant]backend.Session // for single shapes
}

func newRunner(p backend.Program, v *variants, o backend.SessionOptions) runner {
	return runner{options: o, general: p.NewSession(o), variants: v}
}

// pick is the session of the variant for the shapes of these inputs, if there is one, else the general one.
func (r *runner) pick(in []tensor.Value) backend.Session {
	v := r.variants.find(in)
	if v == nil {
		return r.general
	}
	s := r.special[v]
	if s == nil {
		if r.special == nil {
			r.special = map[*variant]backend.Session{}
		}
		s = v.program.NewSession(r.options)
		r.special[v] = s
	}
	return s
}

// arenaBytes is the memory that all of them hold for intermediate values.
func (r *runner) arenaBytes() int {
	n := r.general.ArenaBytes()
	for _, s := range r.special {
		n += s.ArenaBytes()
	}
	return n
}
