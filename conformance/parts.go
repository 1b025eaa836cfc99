package conformance

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/passes"
)

// Optimised is what the passes make of a model.
type Optimised struct {
	Nodes       int            // of the file, bodies included
	Operators   map[string]int // after the passes, by name
	Found       []passes.Finding
	Missed      []passes.Miss
	Import, Run time.Duration // from the messages of the file to a graph, and of all passes
}

// Optimise imports a model and runs all passes.
func Optimise(m *proto.Model) (*Optimised, error) {
	o := &Optimised{Nodes: countNodes(m.Graph)}
	begin := time.Now()
	g, err := onnx.Import(m)
	if err != nil {
		return nil, err
	}
	o.Import, begin = time.Since(begin), time.Now()
	if _, err := passes.Optimize(g, passes.Options{}); err != nil {
		return nil, err
	}
	o.Run = time.Since(begin)
	if g, err = onnx.Import(m); err != nil { // once more, now with a report, which is no part of the time
		return nil, err
	}
	report := &passes.Report{}
	if _, err := passes.Optimize(g, passes.Options{Report: report}); err != nil {
		return nil, err
	}
	o.Operators, o.Found, o.Missed = g.CountOps(), report.Found(), report.Missed()
	return o, nil
}

func countNodes(g *proto.Graph) int {
	n := len(g.Nodes)
	for _, node := range g.Nodes {
		for _, a := range node.Attributes {
			if a.G != nil {
				n += countNodes(a.G)
			}
			for _, body := range a.Graphs {
				n += countNodes(body)
			}
		}
	}
	return n
}

// Parts counts what was found by kind.
func (o *Optimised) Parts() Parts {
	p := Parts{}
	for _, f := range o.Found {
		p[f.Kind]++
	}
	return p
}

// Golden is the operators after the passes on a line, as the golden files have it.
func (o *Optimised) Golden() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o.Operators)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, o.Operators[name]))
	}
	return strings.Join(parts, ", ")
}

// Parts is how many parts of each of [passes.Kinds] a model has.
type Parts map[string]int

// String lists all kinds, such as "attention 2, norm 5, activation 2, rotary 4, recurrent 0".
func (p Parts) String() string {
	var list []string
	for _, kind := range passes.Kinds() {
		list = append(list, fmt.Sprintf("%s %d", kind, p[kind]))
	}
	return strings.Join(list, ", ")
}

// ReadParts reads how many parts models have by their architecture, which their authors know and no pass was asked: a line a model, its name and a number for
// each of [passes.Kinds], separated by white space. Lines that begin with # are comments.
func ReadParts(r io.Reader) (map[string]Parts, error) {
	all := map[string]Parts{}
	for s := bufio.NewScanner(r); ; {
		if !s.Scan() {
			return all, s.Err()
		}
		fields := strings.Fields(s.Text())
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		kinds := passes.Kinds()
		if len(fields) != 1+len(kinds) {
			return nil, fmt.Errorf("%q: expected a name and %d numbers", s.Text(), len(kinds))
		}
		p := Parts{}
		for i, kind := range kinds {
			n, err := strconv.Atoi(fields[i+1])
			if err != nil || n < 0 {
				return nil, fmt.Errorf("%q: %q is no number of parts", s.Text(), fields[i+1])
			}
			p[kind] = n
		}
		all[fields[0]] = p
	}
}
