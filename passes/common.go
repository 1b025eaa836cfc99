package passes

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// common gives nodes with the same operator, attributes and inputs one result. Equal constants become one.
func common(r *run, g *ir.Graph) error {
	seen := map[string]*ir.Node{}
	for n := range g.Nodes() {
		if ir.IsImpure(n.Op) || ir.Bodies(n.Op) != nil {
			continue
		}
		key := nodeKey(n)
		if key == "" {
			continue
		}
		first, dup := seen[key]
		if !dup {
			seen[key] = n
			continue
		}
		if len(first.Out()) != len(n.Out()) || !r.rewrite() {
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

const hashed = 1 << 12 // bytes of a constant from which on only its identity counts

func nodeKey(n *ir.Node) string {
	if c, ok := n.Op.(*ir.Const); ok {
		t, ok := c.Value.(*tensor.Tensor)
		if !ok {
			return ""
		}
		if t.DType() == tensor.String {
			return fmt.Sprintf("const %v %q", t.Shape(), t.Strings())
		}
		if len(t.Bytes()) > hashed {
			return fmt.Sprintf("const %v%v at %p", t.DType(), t.Shape(), &t.Bytes()[0])
		}
		return fmt.Sprintf("const %v%v %x", t.DType(), t.Shape(), sha256.Sum256(t.Bytes()))
	}
	var b strings.Builder
	b.WriteString(ir.OpText(n.Op))
	for _, v := range n.In() {
		if v == nil {
			b.WriteString(" _")
		} else {
			fmt.Fprintf(&b, " %d", v.ID())
		}
	}
	return b.String()
}
