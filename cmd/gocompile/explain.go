package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile/passes"
)

// maxMissed is how many missed places are shown without --explain.
const maxMissed = 10

// showFindings says in a few lines what the model consists of, and what was not recognised and why.
func showFindings(p *page, r *passes.Report) {
	lines, missed := prose(r.Found()), r.Missed()
	var rows [][]string
	for _, s := range lines {
		rows = append(rows, []string{s})
	}
	if rows != nil {
		p.table("Found", nil, rows)
	}
	rows = nil
	if len(missed) == 0 {
		return
	}
	for _, f := range missed[:min(len(missed), maxMissed)] {
		rows = append(rows, []string{f.Kind, clip(f.Node, 60), f.Because})
	}
	if more := len(missed) - len(rows); more > 0 {
		rows = append(rows, []string{fmt.Sprintf("and %d more", more), "", "--explain lists all"})
	}
	p.table("Not recognised", columns(left("kind"), left("node"), left("because")), rows)
}

// prose describes findings, equal ones counted, a line a kind: "12 attention (8 heads of 64, causal), 6 attention (…)".
func prose(found []passes.Finding) []string {
	count := map[string]map[string]int{}
	for _, f := range found {
		if count[f.Kind] == nil {
			count[f.Kind] = map[string]int{}
		}
		count[f.Kind][describeFinding(f)]++
	}
	var lines []string
	for _, kind := range passes.Kinds() {
		same := count[kind]
		texts := slices.Collect(maps.Keys(same))
		slices.SortFunc(texts, func(a, b string) int { return cmp.Or(same[b]-same[a], cmp.Compare(a, b)) })
		var parts []string
		for _, s := range texts {
			parts = append(parts, counted(same[s], s))
		}
		if parts != nil {
			lines = append(lines, strings.Join(parts, ", "))
		}
	}
	return lines
}

// counted is a number of what a text describes, such as "2 rotary embeddings (64, half)".
func counted(n int, text string) string {
	name, rest, _ := strings.Cut(text, " (")
	if n > 1 && strings.HasSuffix(name, "embedding") {
		name += "s"
	}
	if rest != "" {
		name += " (" + rest
	}
	return number(int64(n)) + " " + name
}

// describeFinding is what it is and what is particular to it, such as "attention (8 heads of 64, causal, rotary half)".
func describeFinding(f passes.Finding) string {
	a := f.Attributes
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	name := f.Kind
	switch f.Kind {
	case passes.KindAttention:
		if a["linear"] == true {
			name = "linear attention"
		}
		if a["size"] == nil {
			add("%v heads", a["heads"])
		} else {
			add("%v heads of %v", a["heads"], a["size"])
		}
		if kv, ok := a["kv_heads"]; ok && a["linear"] != true {
			add("%v of keys and values", kv)
		}
		list = append(list, flags(a, "cross", "causal", "mask", "bias", "lengths", "alibi", "sink")...)
		for _, s := range []string{"window_left", "window_right", "softcap", "rotary"} {
			if v, ok := a[s]; ok {
				add("%s %v", strings.ReplaceAll(s, "_", " "), v)
			}
		}
		list = append(list, flags(a, "cache")...)
	case passes.KindNorm:
		name = fmt.Sprint(a["operator"])
		if n, ok := a["size"]; ok {
			add("%v", n)
		}
		if n, ok := a["groups"]; ok && n != 0 {
			add("%v groups", n)
		}
	case passes.KindActivation:
		name = fmt.Sprint(a["function"])
	case passes.KindRotary:
		name = "rotary embedding"
		if n, ok := a["rotated"]; ok {
			add("%v of %v", n, a["size"])
		} else {
			add("%v", a["size"])
		}
		add("%v", a["pairs"])
	case passes.KindRecurrent:
		name = fmt.Sprint(a["operator"])
		add("%v to %v", a["input"], a["hidden"])
		if a["direction"] != "forward" {
			add("%v", a["direction"])
		}
	}
	if list == nil {
		return name
	}
	return name + " (" + strings.Join(list, ", ") + ")"
}

// flags lists the names of attributes that are true.
func flags(a map[string]any, names ...string) []string {
	return slices.DeleteFunc(names, func(s string) bool { return a[s] != true })
}

// attributes writes all of them, in alphabetical order.
func attributes(f passes.Finding) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(f.Attributes)) {
		if f.Attributes[k] == true {
			parts = append(parts, k)
		} else {
			parts = append(parts, fmt.Sprintf("%s %v", k, f.Attributes[k]))
		}
	}
	return strings.Join(parts, ", ")
}

// explain lists every finding with the nodes that it was made of, and every miss.
func explain(c *cli.Command, r *passes.Report) error {
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(map[string]any{"recognised": append([]passes.Finding{}, r.Found()...), "missed": r.Missed()})
	}
	page := newPage(c.Root().Writer)
	var rows [][]string
	for _, f := range r.Found() {
		nodes := ""
		if n := len(f.Nodes); n > 0 {
			nodes = f.Nodes[n-1]
		}
		rows = append(rows, []string{f.Kind, clip(nodes, 60), number(int64(len(f.Nodes))), attributes(f)})
	}
	for _, f := range r.Missed() {
		rows = append(rows, []string{"not " + f.Kind, clip(f.Node, 60), "", f.Because})
	}
	if rows == nil {
		page.printf("nothing was recognised\n")
		return page.err
	}
	page.table("", columns(left("kind"), left("last node"), right("nodes"), left("attributes, or the condition that is not met")), rows)
	return page.err
}
