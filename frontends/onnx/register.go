package onnx

import (
	"fmt"
	"sort"

	"github.com/gocompile/gocompile/ir"
)

// importer translates one node. It returns the values of the node's outputs in ONNX order; outputs at the end that the node
// does not name may be left out.
type importer func(c *call) ([]*ir.Value, error)

// row says how an operator is imported from a version of its domain on, until a later row for the same operator.
type row struct {
	domain string // "" is ai.onnx
	op     string
	since  int64
	build  importer
}

type opKey struct{ domain, op string }

var table = map[opKey][]row{} // by descending since-version

// register adds the rows of an operator family; each family calls it from an init function.
func register(rows ...row) {
	for _, r := range rows {
		k := opKey{r.domain, r.op}
		table[k] = append(table[k], r)
		sort.Slice(table[k], func(i, j int) bool { return table[k][i].since > table[k][j].since })
		for i := 1; i < len(table[k]); i++ {
			if table[k][i-1].since == table[k][i].since {
				panic(fmt.Sprintf("BUG: two importers for %s %s version %d", r.domain, r.op, r.since))
			}
		}
	}
}

// lookup finds the importer for an operator at a version of its domain.
func lookup(domain, op string, version int64) (importer, bool) {
	for _, r := range table[opKey{domain, op}] {
		if r.since <= version {
			return r.build, true
		}
	}
	return nil, false
}

// FirstVersion is the version of its domain that an operator came with; false if it cannot be imported.
func FirstVersion(domain, op string) (int64, bool) {
	rows := table[opKey{normalDomain(domain), op}]
	if len(rows) == 0 {
		return 0, false
	}
	return rows[len(rows)-1].since, true
}

// Operators lists the operators that can be imported as domain::name, in alphabetical order; the domain of ai.onnx is left
// out.
func Operators() []string {
	var names []string
	for k := range table {
		if k.domain == "" {
			names = append(names, k.op)
		} else {
			names = append(names, k.domain+"::"+k.op)
		}
	}
	sort.Strings(names)
	return names
}
