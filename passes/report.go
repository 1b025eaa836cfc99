package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
)

// Finding is an operator of the optimised graph that stands for a known part of a network, whether the model spelled it with one node or with many.
type Finding struct {
	Kind       string         `json:"kind"`       // one of Kinds
	Nodes      []string       `json:"nodes"`      // the model's names of the nodes that became it, in the model's order
	Attributes map[string]any `json:"attributes"` // strings, integers, numbers and truth values
}

// Miss is a place that looks like a part of a network and did not become its operator.
type Miss struct {
	Kind    string `json:"kind"`
	Node    string `json:"node"`    // the model's name of the node at which the pattern ends
	Because string `json:"because"` // the condition that is not met
}

// Report collects what the recognisers found and what they nearly found.
type Report struct {
	imported []*ir.Node // by number; see [ir.Graph.Trace]
	because  map[missKey]string
	found    []Finding
	missed   []Miss
	visits   int
}

type missKey struct {
	node *ir.Node
	kind string
}

// Found lists the parts of the optimised graph in program order, bodies included.
func (r *Report) Found() []Finding { return r.found }

// Missed lists what looks like a part and is none, in program order.
func (r *Report) Missed() []Miss { return append([]Miss{}, r.missed...) }

// Visits is the number of nodes that passes were run over, each as often as one was.
func (r *Report) Visits() int { return r.visits }

// Imported names the nodes of the graph before the passes by number, as [ir.Node.Origin] does.
func (r *Report) Imported() []string {
	names := make([]string, len(r.imported))
	for i, n := range r.imported {
		names[i] = nodeName(n)
	}
	return names
}

// begin is called with the graph as imported.
func (r *Report) begin(g *ir.Graph) { r.imported, r.visits = g.Trace(), 0 }

// finish is called with the optimised graph.
func (r *Report) finish(g *ir.Graph) {
	r.found = nil
	g.Walk(func(n *ir.Node) {
		kind, attributes := partOf(n)
		if kind == "" {
			return
		}
		f := Finding{Kind: kind, Nodes: []string{}, Attributes: map[string]any{}}
		for i := 0; i+1 < len(attributes); i += 2 {
			f.Attributes[attributes[i].(string)] = attributes[i+1]
		}
		for _, i := range n.Origin {
			f.Nodes = append(f.Nodes, nodeName(r.imported[i]))
		}
		f.Nodes = slices.Compact(f.Nodes) // of a node that was imported as several
		r.found = append(r.found, f)
	})
	g.Walk(r.audit)
	r.missed = nil
	g.Walk(func(n *ir.Node) { // nodes that are gone became part of something else
		for _, kind := range Kinds() {
			if because := r.because[missKey{n, kind}]; because != "" {
				r.missed = append(r.missed, Miss{kind, nodeName(n), because})
			}
		}
	})
}

// missed notes the condition that is not met where n ends something that looks like that kind.
func (r *run) missed(kind string, n *ir.Node, because string) {
	if r.Report != nil && because != "" {
		r.Report.miss(kind, n, because)
	}
}

// miss is missed for what is known without a run.
func (r *Report) miss(kind string, n *ir.Node, because string) {
	if r.because == nil {
		r.because = map[missKey]string{}
	}
	r.because[missKey{n, kind}] = because
}

func nodeName(n *ir.Node) string {
	if n.Name != "" {
		return n.Name
	}
	for _, v := range n.Out() {
		if v.Name != "" {
			return v.Name
		}
	}
	return ir.OpName(n.Op) + n.Out()[0].String()
}
