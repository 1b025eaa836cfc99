package onnxgo

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// versions chooses those of the domains that the nodes are of.
func (a *assembly) versions() error {
	domains := map[string]bool{"": true}
	possible := allVersions()
	for _, n := range a.model.Graph.Nodes {
		domains[n.Domain] = true
		if n.Domain == "" {
			possible.narrow(n)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(domains)) {
		version, given := a.graph.opsets[d]
		switch {
		case given:
		case d == "":
			var err error
			if version, err = possible.choose(); err != nil {
				return err
			}
		default:
			version = newestVersion(d)
		}
		a.model.OpsetImports = append(a.model.OpsetImports, proto.OperatorSet{Domain: d, Version: version})
	}
	return nil
}

// otherDomains finds the domains besides ai.onnx that have an operator.
var otherDomains = sync.OnceValue(func() map[string][]string {
	domains := map[string][]string{}
	for _, o := range onnx.Operators() {
		if domain, op, ok := strings.Cut(o, "::"); ok {
			domains[op] = append(domains[op], domain)
		}
	}
	return domains
})

// domainOf is the domain of an operator: ai.onnx, or for operators that it does not have, or not in the version that was given, the one domain
// that has it.
func (g *Graph) domainOf(op string) string {
	since, ok := onnx.FirstVersion("", op)
	version, given := g.opsets[""]
	if (!ok || given && version < since) && len(otherDomains()[op]) == 1 {
		return otherDomains()[op][0]
	}
	return ""
}

// newestVersion is the version of a domain that has all its operators.
func newestVersion(domain string) int64 {
	newest := int64(1)
	for op, domains := range otherDomains() {
		if slices.Contains(domains, domain) {
			since, _ := onnx.FirstVersion(domain, op)
			newest = max(newest, since)
		}
	}
	return newest
}
