package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// peers are recorded results of other runtimes.
type peers struct {
	names  []string
	passes map[string][]bool // by case, in the order of names
}

// readPeers reads lines "case TAB letter TAB letter …" below a line of names; p is a pass.
func readPeers(r io.Reader) (*peers, error) {
	p := &peers{passes: map[string][]bool{}}
	s := bufio.NewScanner(r)
	for s.Scan() {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if p.names == nil {
			p.names = f[1:]
			continue
		}
		if len(f) != len(p.names)+1 {
			return nil, fmt.Errorf("%q has %d columns, expected %d", line, len(f), len(p.names)+1)
		}
		row := make([]bool, len(p.names))
		for i, letter := range f[1:] {
			row[i] = letter == "p"
		}
		p.passes[f[0]] = row
	}
	return p, s.Err()
}

// tally counts cases and passes under one heading; passes[0] is ours.
type tally struct {
	cases  int
	passes []int
}

type table map[string]*tally

func (t table) add(key string, ours bool, others []bool, width int) {
	row := t[key]
	if row == nil {
		row = &tally{passes: make([]int, width+1)}
		t[key] = row
	}
	row.cases++
	for i, ok := range append([]bool{ours}, others...) {
		if ok {
			row.passes[i]++
		}
	}
}

// page is the whole document.
func page(cases []*conformance.Case, errs []error, others *peers, exceptions map[string]conformance.Exception) string {
	all, groups, more, ops, types, reasons := table{}, table{}, table{}, table{}, table{}, map[string][]string{}
	drawn := 0
	for i, c := range cases {
		id, ok := c.ID(), errs[i] == nil
		if !ok {
			why := reason(id, errs[i], exceptions)
			reasons[why] = append(reasons[why], id)
		}
		row, recorded := others.passes[id]
		if !recorded { // a suite that no other runtime was measured on
			more.add(c.Group, ok, nil, 0)
			continue
		}
		if ok && c.Random() {
			drawn++
		}
		width := len(others.names)
		all.add("all", ok, row, width)
		groups.add(c.Group, ok, row, width)
		if c.Group == "node" {
			ops.add(c.Operator(), ok, row, width)
		}
		for _, t := range elementTypes(c) {
			types.add(t, ok, row, width)
		}
	}
	var b strings.Builder
	b.WriteString("# Conformance\n\nPasses of the backend test suite of ONNX 1.23.2, with its own tolerances; the same files for all runtimes. " +
		"Cases that draw random\nnumbers pass here if shape, type and distribution are right; for the others they are compared by value. This page is written by\n`go run ./conformance/report -suite DIR`, where DIR is what conformance/gen.py writes.\n")
	write(&b, "By group", "group", groups, others.names)
	write(&b, "All", "", all, others.names)
	if n := all["all"]; n != nil {
		fmt.Fprintf(&b, "\nOf the %d passes of gocompile, %d are by value and %d by distribution.\n", n.passes[0], n.passes[0]-drawn, drawn)
	}
	if len(more) > 0 {
		b.WriteString("\n## Suites of this repository\n\nCases outside of the suite: operators whose expected values come from onnxruntime (contrib: com.microsoft, ml: ai.onnx.ml),\n" +
			"element types whose expected values come from the reference of ONNX (float6), and earlier versions of ONNX (node-old).\n")
		rows(&b, "group", more, nil)
	}
	write(&b, "By operator (group node)", "operator", ops, others.names)
	write(&b, "By element type of inputs and outputs", "type", types, others.names)
	writeReasons(&b, reasons)
	return b.String()
}

// writeReasons lists what does not pass by its reason.
func writeReasons(b *strings.Builder, reasons map[string][]string) {
	b.WriteString("\n## What does not pass\n\n")
	if len(reasons) == 0 {
		b.WriteString("Nothing.\n")
	}
	for _, why := range sortedKeys(reasons) {
		fmt.Fprintf(b, "- %s: %s\n", strings.Join(reasons[why], ", "), why)
	}
}

func write(b *strings.Builder, title, key string, t table, names []string) {
	fmt.Fprintf(b, "\n## %s\n", title)
	rows(b, key, t, names)
}

func rows(b *strings.Builder, key string, t table, names []string) {
	fmt.Fprintf(b, "\n| %s | cases | gocompile |", key)
	for _, n := range names {
		fmt.Fprintf(b, " %s |", n)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(names)+2) + "\n")
	for _, k := range sortedKeys(t) {
		fmt.Fprintf(b, "| %s | %d |", k, t[k].cases)
		for _, n := range t[k].passes {
			fmt.Fprintf(b, " %d |", n)
		}
		b.WriteString("\n")
	}
}

// reason is that of the list of exceptions, for other cases the error.
func reason(id string, err error, exceptions map[string]conformance.Exception) string {
	if e, ok := exceptions[id]; ok {
		return e.Reason
	}
	return err.Error()
}

// elementTypes are those of the tensors among the inputs and outputs of the first data set, in alphabetical order.
func elementTypes(c *conformance.Case) []string {
	m, err := proto.Decode(c.Model)
	if err != nil || len(c.Sets) == 0 {
		return nil
	}
	in, out, err := c.Decode(m, 0)
	if err != nil {
		return nil
	}
	var names []string
	var visit func(x tensor.Value)
	visit = func(x tensor.Value) {
		switch x := x.(type) {
		case *tensor.Tensor:
			if x != nil {
				names = append(names, x.DType().String())
			}
		case *tensor.Sequence:
			for _, item := range x.Items {
				visit(item)
			}
		case *tensor.Optional:
			visit(x.Item)
		case *tensor.Map:
			visit(x.Keys)
			visit(x.Values)
		}
	}
	for _, x := range append(in.Items, out.Items...) {
		visit(x)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := strings.ToLower(keys[i]), strings.ToLower(keys[j])
		return a < b || a == b && keys[i] < keys[j]
	})
	return keys
}
