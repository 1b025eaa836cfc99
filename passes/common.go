package passes

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"reflect"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// common gives nodes with the same operator, attributes and inputs one result. Equal constants become one.
func common(r *run, g *ir.Graph) error {
	c := alike{seed: maphash.MakeSeed(), likely: make(map[likeness]*candidate, g.Len()), certain: map[sameness]*ir.Node{}}
	for n := range g.Nodes() {
		if ir.IsImpure(n.Op) || ir.Bodies(n.Op) != nil {
			continue
		}
		first := c.first(n)
		if first == nil || len(first.Out()) != len(n.Out()) || !r.rewrite() {
			continue
		}
		for i, v := range n.Out() {
			first.Out()[i].Learn(v.Fact)
			g.ReplaceUses(v, first.Out()[i])
		}
		first.Origin = first.Origin.With(n.Origin)
		removeIfUnused(g, n)
	}
	return nil
}

// alike finds equal nodes. What a node is in full is looked at only where another is like it at a glance, which few are.
type alike struct {
	seed    maphash.Seed
	likely  map[likeness]*candidate
	certain map[sameness]*ir.Node
	buffer  []byte
}

// likeness is what equal nodes have in common, and few others.
type likeness struct {
	op reflect.Type
	in string // the inputs; of a constant its type, and a hash of its contents
}

// sameness is all that equal nodes have in common.
type sameness struct {
	likeness
	full string // see inFull
}

// candidate is the first node of some likeness.
type candidate struct {
	node   *ir.Node
	listed bool // among those that are known for certain
}

const compared = 1 << 12 // bytes of a constant from which on only its identity counts

// first is the first node that equals n, nil if n is that itself.
func (c *alike) first(n *ir.Node) *ir.Node {
	c.buffer = c.glance(c.buffer[:0], n)
	at := likeness{reflect.TypeOf(n.Op), string(c.buffer)}
	before := c.likely[at]
	if before == nil {
		c.likely[at] = &candidate{node: n}
		return nil
	}
	if !before.listed {
		before.listed = true
		c.certain[sameness{at, inFull(before.node)}] = before.node
	}
	all := sameness{at, inFull(n)}
	first := c.certain[all]
	if first == nil {
		c.certain[all] = n
	}
	return first
}

// glance appends what tells n from most other nodes of its operator.
func (c *alike) glance(b []byte, n *ir.Node) []byte {
	o, ok := n.Op.(*ir.Const)
	if !ok {
		for _, v := range n.In() {
			id := uint64(0)
			if v != nil {
				id = uint64(v.ID()) + 1
			}
			b = binary.AppendUvarint(b, id)
		}
		return b
	}
	t, ok := o.Value.(*tensor.Tensor)
	if !ok {
		return fmt.Appendf(b, "%p", o)
	}
	b = append(b, byte(t.DType()))
	for _, d := range t.Shape() {
		b = binary.AppendUvarint(b, uint64(d))
	}
	data := t.Bytes()
	if len(data) > compared {
		return fmt.Appendf(b, " at %p", &data[0])
	}
	return binary.LittleEndian.AppendUint64(b, maphash.Bytes(c.seed, data))
}

// inFull is the rest that makes nodes equal.
func inFull(n *ir.Node) string {
	o, ok := n.Op.(*ir.Const)
	if !ok {
		return ir.OpText(n.Op)
	}
	switch t, ok := o.Value.(*tensor.Tensor); {
	case !ok || len(t.Bytes()) > compared:
		return ""
	case t.DType() == tensor.String:
		return fmt.Sprintf("%q", t.Strings())
	default:
		return string(t.Bytes())
	}
}
