package cpu

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
)

func (st *step) kernelName() string {
	name := strings.ToLower(ir.OpName(st.node.Op))
	switch k := st.kernel.(type) {
	case nil:
		return "eval " + name
	case fmt.Stringer:
		return k.String()
	}
	return name
}

// Placement says where a step's results lie for the shapes of a session's last run.
type Placement struct {
	Bytes  int  // of all results
	View   bool // the results are parts of an input, and the step does nothing
	Takes  int  // the input whose memory the first result takes over, −1 for none
	Late   bool // shapes depend on data
	Result bool // a result becomes the caller's
}

// Placements lists where the results of each step lay in the last run; nil before the first one.
func (s *Session) Placements() []Placement {
	pl, p := s.plan, s.program
	if pl == nil {
		return nil
	}
	all := make([]Placement, len(p.steps))
	for i := range p.steps {
		all[i] = Placement{View: true, Takes: pl.taken[i], Late: !pl.ready[i]}
		for _, slot := range p.steps[i].out {
			all[i].Bytes += pl.slots[slot].bytes
			for _, f := range pl.fresh {
				all[i].Result = all[i].Result || pl.slots[slot].root == f
			}
		}
	}
	for _, i := range pl.order {
		all[i].View = false
	}
	return all
}
