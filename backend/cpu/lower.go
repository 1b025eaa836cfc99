package cpu

import (
	"reflect"

	"github.com/gocompile/gocompile/ir"
)

// lowerings choose a kernel for a node, or nil where the operator's own Eval has to do; one entry an operator type, added by the file of
// its family.
var lowerings = map[reflect.Type]func(n *ir.Node, p *Program) kernel{}

// lowerBy adds an entry.
func lowerBy[O any](f func(o *O, n *ir.Node, p *Program) kernel) {
	lowerings[reflect.TypeFor[*O]()] = func(n *ir.Node, p *Program) kernel {
		return f(n.Op.(any).(*O), n, p)
	}
}

func lower(n *ir.Node, p *Program) kernel {
	if f, ok := lowerings[reflect.TypeOf(n.Op)]; ok {
		return f(n, p)
	}
	return nil
}
