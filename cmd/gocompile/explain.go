package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile/passes"
)

// showFindings counts what was recognised, alike ones in a row, and what was missed for the same reason.
func showFindings(p *page, r *passes.Report) {
	if rows := tally(r.Found(), attributes); rows != nil {
		p.table("Recognised", columns(left("kind"), right("places"), left("attributes")), rows)
	}
	if rows := tally(r.Missed(), func(f passes.Finding) string { return f.Because }); rows != nil {
		p.table("Not recognised (--explain says where)", columns(left("kind"), right("places"), left("because")), rows)
	}
}

// tally counts findings of a kind that describe equally; rows are in the order of the first of each.
func tally(findings []passes.Finding, describe func(passes.Finding) string) [][]string {
	type key struct{ kind, text string }
	count := map[key]int{}
	var order []key
	for _, f := range findings {
		k := key{f.Kind, describe(f)}
		if count[k] == 0 {
			order = append(order, k)
		}
		count[k]++
	}
	var rows [][]string
	for _, k := range order {
		rows = append(rows, []string{k.kind, number(int64(count[k])), clip(k.text, 100)})
	}
	return rows
}

func attributes(f passes.Finding) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(f.Attributes)) {
		parts = append(parts, k+" "+f.Attributes[k])
	}
	return strings.Join(parts, ", ")
}

// explain lists every finding.
func explain(c *cli.Command, r *passes.Report) error {
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(map[string][]passes.Finding{"recognised": r.Found(), "missed": r.Missed()})
	}
	page := newPage(c.Root().Writer)
	var rows [][]string
	for _, f := range r.Found() {
		rows = append(rows, []string{f.Kind, f.Node, attributes(f)})
	}
	for _, f := range r.Missed() {
		rows = append(rows, []string{"not " + f.Kind, f.Node, f.Because})
	}
	if rows == nil {
		page.printf("nothing was recognised\n")
		return page.err
	}
	page.table("", columns(left("kind"), left("node"), left("attributes, or the condition that failed")), rows)
	return page.err
}
