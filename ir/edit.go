package ir

import (
	"fmt"
	"slices"
)

// Add appends a node and infers the facts of its results. Inputs may be nil where an optional input is absent.
func (g *Graph) Add(op Op, in ...*Value) (*Node, error) { return g.InsertBefore(nil, op, in...) }

// InsertBefore adds a node before another one (nil: at the end) and infers the facts of its results. Nothing is changed
// when inference fails.
func (g *Graph) InsertBefore(at *Node, op Op, in ...*Value) (*Node, error) {
	for i, v := range in {
		if v != nil && v.graph != g {
			return nil, fmt.Errorf("%s: input %d belongs to another graph", OpName(op), i)
		}
	}
	facts, err := g.InferFacts(op, in)
	if err != nil {
		return nil, err
	}
	n := &Node{Op: op, id: g.nextNod, graph: g, in: slices.Clone(in)}
	g.nextNod++
	if at != nil {
		n.Origin = at.Origin
	}
	n.out = make([]*Value, len(facts))
	for i, f := range facts {
		n.out[i] = g.newValue(f)
		n.out[i].def, n.out[i].index = n, i
	}
	for i, v := range n.in {
		addUse(v, n, i)
	}
	g.link(n, at)
	return n, nil
}

// InferFacts asks op for the facts of its results, given inputs of this graph.
func (g *Graph) InferFacts(op Op, in []*Value) (facts []Fact, err error) {
	c := &InferContext{Scope: g.Scope, In: make([]*Fact, len(in))}
	for i, v := range in {
		if v != nil {
			c.In[i] = &v.Fact
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %w", OpName(op), panicError(r))
		}
	}()
	if facts, err = op.Infer(c); err != nil {
		return nil, fmt.Errorf("%s: %w", OpName(op), err)
	}
	for i, f := range facts {
		for k, d := range f.Type.Dims {
			if err := d.Err(); err != nil {
				return nil, fmt.Errorf("%s: dimension %d of result %d: %w", OpName(op), k, i, err)
			}
			if n, ok := d.IsConst(); ok && n < 0 {
				return nil, fmt.Errorf("%s: dimension %d of result %d would be %d", OpName(op), k, i, n)
			}
		}
	}
	return facts, nil
}

func (g *Graph) link(n, at *Node) {
	g.count++
	if Bodies(n.Op) != nil {
		g.owners++
	}
	if at == nil {
		n.prev = g.last
		if g.last != nil {
			g.last.next = n
		} else {
			g.first = n
		}
		g.last = n
		return
	}
	n.prev, n.next = at.prev, at
	if at.prev != nil {
		at.prev.next = n
	} else {
		g.first = n
	}
	at.prev = n
}

// Remove deletes a node whose results nothing uses.
func (g *Graph) Remove(n *Node) {
	for _, v := range n.out {
		if v.Used() {
			panic(fmt.Sprintf("BUG: removing %v whose result %v is used", n, v))
		}
	}
	for i, v := range n.in {
		dropUse(v, n, i)
	}
	g.unlink(n)
	n.graph = nil
}

// unlink takes n out of the order; n still points onward.
func (g *Graph) unlink(n *Node) {
	g.count--
	if Bodies(n.Op) != nil {
		g.owners--
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		g.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		g.last = n.prev
	}
}

// SetInput makes input i of n another value (nil: absent). The caller keeps the order of definitions before uses.
func (g *Graph) SetInput(n *Node, i int, v *Value) {
	dropUse(n.in[i], n, i)
	n.in[i] = v
	addUse(v, n, i)
}

// ReplaceUses makes every use of old, outputs of the graph included, a use of v. The name by which callers of the graph
// know an output stays.
func (g *Graph) ReplaceUses(old, v *Value) {
	if old == v {
		return
	}
	for _, u := range old.uses {
		u.Node.in[u.Index] = v
		addUse(v, u.Node, u.Index)
	}
	old.uses = nil
	for i := 0; old.outs > 0; i++ {
		if g.outputs[i].Value == old {
			g.outputs[i].Value = v
			old.outs--
			v.outs++
		}
	}
	if v.Name == "" {
		v.Name = old.Name
	}
}

// RemoveInput deletes input i of the graph, which nothing may use.
func (g *Graph) RemoveInput(i int) {
	if g.inputs[i].Used() {
		panic(fmt.Sprintf("BUG: removing input %d that is used", i))
	}
	g.inputs = slices.Delete(g.inputs, i, i+1)
	for k := i; k < len(g.inputs); k++ {
		g.inputs[k].index = k
	}
}

// MoveBefore moves n before at. The caller keeps the order of definitions before uses.
func (g *Graph) MoveBefore(n, at *Node) {
	if n == at || n.next == at {
		return
	}
	g.unlink(n)
	n.prev, n.next = nil, nil
	g.link(n, at)
}

func addUse(v *Value, n *Node, i int) {
	if v == nil {
		return
	}
	if len(n.place) < len(n.in) {
		n.place = append(n.place, make([]int, len(n.in)-len(n.place))...)
	}
	n.place[i] = len(v.uses)
	v.uses = append(v.uses, Use{n, i})
}

func dropUse(v *Value, n *Node, i int) {
	if v == nil {
		return
	}
	k, last := n.place[i], len(v.uses)-1
	if v.uses[k] != (Use{n, i}) {
		panic("BUG: use not recorded")
	}
	moved := v.uses[last]
	v.uses[k], moved.Node.place[moved.Index] = moved, k
	v.uses = v.uses[:last]
}

// Clone returns a copy of the graph and its bodies. Operators without bodies, constants and the scope are shared; ids are kept.
func (g *Graph) Clone() *Graph {
	c := &Graph{Name: g.Name, Doc: g.Doc, Scope: g.Scope, Metadata: g.Metadata, Docs: g.Docs, nextVal: g.nextVal, nextNod: g.nextNod}
	m := make(map[*Value]*Value, g.nextVal)
	cp := func(v *Value) *Value {
		w := &Value{Fact: v.Fact, Name: v.Name, id: v.id, graph: c, index: v.index}
		m[v] = w
		return w
	}
	for _, v := range g.inputs {
		c.inputs = append(c.inputs, cp(v))
	}
	for n := range g.Nodes() {
		w := &Node{Op: n.Op, Name: n.Name, Origin: n.Origin, id: n.id, graph: c, in: make([]*Value, len(n.in)), out: make([]*Value, len(n.out))}
		if b := Bodies(n.Op); b != nil {
			bodies := make([]*Graph, len(b))
			for i := range b {
				bodies[i] = b[i].Clone()
			}
			w.Op = n.Op.(BodyOwner).WithBodies(bodies)
		}
		for i, v := range n.in {
			if v != nil {
				w.in[i] = m[v]
				addUse(m[v], w, i)
			}
		}
		for i, v := range n.out {
			w.out[i] = cp(v)
			w.out[i].def = w
		}
		c.link(w, nil)
	}
	outs := make([]Output, len(g.outputs))
	for i, o := range g.outputs {
		o.Value = m[o.Value]
		outs[i] = o
	}
	c.SetOutputs(outs...)
	return c
}

// SetInputs replaces all inputs of n. The caller keeps the order of definitions before uses.
func (g *Graph) SetInputs(n *Node, in []*Value) {
	for i, v := range n.in {
		dropUse(v, n, i)
	}
	n.in = slices.Clone(in)
	for i, v := range n.in {
		addUse(v, n, i)
	}
}
