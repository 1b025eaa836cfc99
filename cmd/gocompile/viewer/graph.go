package viewer

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

// graph is a graph and its bodies, one behind the other, for the page. Constants and dimension expressions are no nodes; what takes them names them.
type graph struct {
	Nodes    []node  `json:"nodes"`
	Blocks   []block `json:"blocks"`
	numbered int     // nodes that have a number as Graph.Trace gives them
}

// node is an operator, or an input or output of a graph.
type node struct {
	Op      string    `json:"op"`             // "input" and "output" for these
	Name    string    `json:"name,omitempty"` // the model's
	Attrs   string    `json:"attrs,omitempty"`
	Kind    string    `json:"kind,omitempty"` // of the part of a network that it is
	In      []operand `json:"in,omitempty"`
	Out     []string  `json:"out,omitempty"` // types
	Of      string    `json:"of,omitempty"`  // the node whose body it is in, with the number of the body
	Numbers []int32   `json:"numbers,omitempty"`
}

// operand is what a node takes: a result of another node, or a constant, or nothing.
type operand struct {
	From  int    `json:"from"` // index of a node, -1 for constants
	Index int    `json:"index,omitempty"`
	Type  string `json:"type,omitempty"`
	Text  string `json:"text,omitempty"` // of a constant
}

const maxText = 300 // characters of attributes and of constants

func clip(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "…"
	}
	return s
}

// number gives nodes the numbers of [ir.Graph.Trace]: those that it would give to the graph.
func number(next *int, n *ir.Node) []int32 {
	if _, ok := n.Op.(*ir.Const); ok {
		return nil
	}
	*next++
	return []int32{int32(*next - 1)}
}

// origin gives nodes the numbers of what they were made of.
func origin(_ *int, n *ir.Node) []int32 { return n.Origin }

// graphOf lists the nodes of g and its bodies.
func graphOf(g *ir.Graph, numbers func(*int, *ir.Node) []int32) graph {
	b := &lister{numbers: numbers, of: map[*ir.Value]operand{}}
	b.list(g, "")
	b.Blocks = blocksOf(b.Nodes)
	b.numbered = b.next
	return b.graph
}

type lister struct {
	graph
	numbers func(*int, *ir.Node) []int32
	next    int
	of      map[*ir.Value]operand
}

// list adds a graph. An input stands before what uses it first, an output behind what gives it.
func (b *lister) list(g *ir.Graph, of string) {
	outputs := map[*ir.Node][]ir.Output{}
	for _, o := range g.Outputs() {
		outputs[o.Value.Def()] = append(outputs[o.Value.Def()], o)
	}
	addInput := func(v *ir.Value) {
		if _, listed := b.of[v]; !listed {
			b.of[v] = operand{From: len(b.Nodes)}
			b.Nodes = append(b.Nodes, node{Op: "input", Name: v.Name, Out: []string{v.Type.String()}, Of: of})
		}
	}
	addOutputs := func(n *ir.Node) {
		for _, o := range outputs[n] {
			b.Nodes = append(b.Nodes, node{Op: "output", Name: o.Name, In: []operand{b.operand(o.Value)}, Of: of})
		}
	}
	for n := range g.Nodes() {
		numbers := b.numbers(&b.next, n)
		if isOperand(n) {
			continue
		}
		for _, v := range n.In() {
			if v != nil && v.IsGraphInput() {
				addInput(v)
			}
		}
		x := node{Op: ir.OpName(n.Op), Name: n.Name, Kind: passes.KindOf(n), Of: of, Numbers: numbers, Attrs: attributes(n)}
		for _, v := range n.In() {
			x.In = append(x.In, b.operand(v))
		}
		for i, v := range n.Out() {
			b.of[v] = operand{From: len(b.Nodes), Index: i}
			x.Out = append(x.Out, v.Type.String())
		}
		b.Nodes = append(b.Nodes, x)
		for i, inner := range ir.Bodies(n.Op) {
			b.list(inner, fmt.Sprintf("body %d of %s", i+1, title(x)))
		}
		addOutputs(n)
	}
	for _, v := range g.Inputs() {
		addInput(v) // nothing uses it, or it is an output
	}
	addOutputs(nil)
	for _, o := range g.Outputs() {
		if n := o.Value.Def(); n != nil && isOperand(n) {
			b.Nodes = append(b.Nodes, node{Op: "output", Name: o.Name, In: []operand{b.operand(o.Value)}, Of: of})
		}
	}
}

// isOperand reports whether n is shown with what takes it instead of as a node.
func isOperand(n *ir.Node) bool {
	switch n.Op.(type) {
	case *ir.Const, *ir.Dims:
		return true
	}
	return false
}

func (b *lister) operand(v *ir.Value) operand {
	if v == nil {
		return operand{From: -1}
	}
	if n := v.Def(); n != nil && isOperand(n) {
		text := v.Name
		switch o := n.Op.(type) {
		case *ir.Const:
			if v.Const != nil && v.Const.Len() <= 8 {
				text = strings.TrimSpace(text + " " + ir.OpText(o))
			}
		case *ir.Dims:
			text = strings.TrimPrefix(ir.OpText(o), "Dims")
		}
		return operand{From: -1, Type: v.Type.String(), Text: clip(text)}
	}
	o := b.of[v]
	o.Type = v.Type.String()
	return o
}

// attributes is the text form of a node's attributes, without bodies.
func attributes(n *ir.Node) string {
	if ir.Bodies(n.Op) != nil {
		return ""
	}
	return clip(strings.Trim(strings.TrimPrefix(ir.OpText(n.Op), ir.OpName(n.Op)), " {}"))
}

func title(n node) string {
	if n.Name == "" {
		return n.Op
	}
	return n.Name
}
