package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gocompile/gocompile/frontends/onnx"
)

// block is a part of a model by the names of its parameters, or a run of numbered parts that are alike.
type block struct {
	Name   string `json:"name"`   // of a run: layers.0…11
	Repeat int    `json:"repeat"` // parts in the run, 1 for a single part
	Each   int64  `json:"each"`   // parameters of one part
	Total  int64  `json:"total"`
}

// blocks groups parameters by the components of their paths: down to numbered lists where there are any below, otherwise by the first
// component. Tables of positions are left out.
func blocks(list []onnx.Parameter) []block {
	root := &part{}
	for _, p := range list {
		if !p.Table {
			root.add(strings.Split(p.Path, "."), p.Count)
		}
	}
	return root.list("", nil)
}

// part is a node of the tree of paths; parts keep the order of the file.
type part struct {
	name  string
	count int64
	parts []*part
}

func (p *part) add(path []string, count int64) {
	p.count += count
	if len(path) == 0 {
		return
	}
	i := slices.IndexFunc(p.parts, func(q *part) bool { return q.name == path[0] })
	if i < 0 {
		i = len(p.parts)
		p.parts = append(p.parts, &part{name: path[0]})
	}
	p.parts[i].add(path[1:], count)
}

// list appends the blocks below p, whose own name is prefix.
func (p *part) list(prefix string, out []block) []block {
	for i := 0; i < len(p.parts); i++ {
		q := p.parts[i]
		name := join(prefix, q.name)
		if _, ok := q.number(); ok {
			run := 1
			for i+run < len(p.parts) && follows(p.parts[i+run-1], p.parts[i+run]) {
				run++
			}
			if run > 1 {
				name += "…" + p.parts[i+run-1].name
			}
			out = append(out, block{name, run, q.count, q.count * int64(run)})
			i += run - 1
			continue
		}
		if q.hasNumbers() {
			out = q.list(name, out)
			continue
		}
		out = append(out, block{name, 1, q.count, q.count})
	}
	return out
}

// follows reports whether b is the next one of a run: numbered one higher and as large as a.
func follows(a, b *part) bool {
	m, _ := a.number()
	n, ok := b.number()
	return ok && n == m+1 && a.count == b.count
}

func (p *part) number() (int, bool) {
	n, err := strconv.Atoi(p.name)
	return n, err == nil
}

// hasNumbers reports whether there is a numbered list anywhere below p.
func (p *part) hasNumbers() bool {
	for _, q := range p.parts {
		if _, ok := q.number(); ok || q.hasNumbers() {
			return true
		}
	}
	return false
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// showBlocks prints the parameters by block.
func showBlocks(p *page, list []onnx.Parameter) {
	var total, tables int64
	for _, q := range list {
		if q.Table {
			tables += q.Count
		} else {
			total += q.Count
		}
	}
	if total+tables == 0 {
		return
	}
	var rows [][]string
	for _, b := range blocks(list) {
		repeat := ""
		if b.Repeat > 1 {
			repeat = fmt.Sprintf("%d ×", b.Repeat)
		}
		rows = append(rows, []string{b.Name, repeat, number(b.Each), number(b.Total)})
	}
	rows = append(rows, []string{"all", "", "", number(total)})
	p.table("Parameters", columns(left("block"), right(""), right("each"), right("total")), rows)
	if tables > 0 {
		p.printf("and %s numbers in tables of positions, which are sines and cosines\n", number(tables))
	}
}
