package passes

import (
	"sort"

	"github.com/gocompile/gocompile/ir"
)

// Finding is one place where a recogniser made one operator of many, or why it did not.
type Finding struct {
	Kind       string            `json:"kind"`                 // attention, norm, activation, rotary, …
	Node       string            `json:"node"`                 // the model's name of the node at which the pattern ends
	Attributes map[string]string `json:"attributes,omitempty"` // of what was found
	Because    string            `json:"because,omitempty"`    // the guard that failed; empty if it was recognised
}

// Report collects what the recognisers found and what they nearly found.
type Report struct {
	found  []Finding
	missed map[missKey]Finding
}

type missKey struct {
	node *ir.Node
	kind string
}

// Found lists what was recognised, in the order in which it was.
func (r *Report) Found() []Finding { return r.found }

// Missed lists what looked like something and is not, ordered by node.
func (r *Report) Missed() []Finding {
	list := make([]Finding, 0, len(r.missed))
	for k, f := range r.missed {
		if k.node.Graph() != nil { // otherwise it became part of something else
			list = append(list, f)
		}
	}
	sort.Slice(list, func(a, b int) bool {
		if list[a].Node != list[b].Node {
			return list[a].Node < list[b].Node
		}
		return list[a].Kind < list[b].Kind
	})
	return list
}

// found notes that n became an operator of that kind; attributes are pairs of name and value.
func (r *run) found(kind string, n *ir.Node, attributes ...string) {
	if r.Report == nil {
		return
	}
	f := Finding{Kind: kind, Node: nodeName(n)}
	for i := 0; i+1 < len(attributes); i += 2 {
		if f.Attributes == nil {
			f.Attributes = map[string]string{}
		}
		f.Attributes[attributes[i]] = attributes[i+1]
	}
	r.Report.found = append(r.Report.found, f)
	delete(r.Report.missed, missKey{n, kind})
}

// missed notes the guard that failed where n ends something that looks like that kind.
func (r *run) missed(kind string, n *ir.Node, because string) {
	if r.Report == nil || because == "" {
		return
	}
	if r.Report.missed == nil {
		r.Report.missed = map[missKey]Finding{}
	}
	r.Report.missed[missKey{n, kind}] = Finding{Kind: kind, Node: nodeName(n), Because: because}
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
