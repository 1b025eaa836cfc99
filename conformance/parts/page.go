package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/gocompile/gocompile/passes"
)

// page is the text of docs/passes.md.
func page(rows []row, growth []point) string {
	var b strings.Builder
	b.WriteString(`# Passes

What the passes make of real models, next to what the optimiser of onnxruntime makes of them. Nodes are those of the file, bodies included; operators those that
are left, constants and shapes not counted. A cell "12 of 12" is how many operators of that kind are there after the passes, of how many parts
of that kind the model has by its architecture; what stood in the model as one operator counts too. Missed is what looks like a part and did not become its
operator. Time is that of the import and of all passes, weights not read.

For onnxruntime: the nodes after ORT_ENABLE_ALL, and how many of them are fused ones that were not in the model (those of its own domains, and of standard
operators the additional ones), by kind where they are of one.

`)
	fmt.Fprintf(&b, "Written by `go run ./conformance/parts -zoo DIR`. %s, %s/%s.\n\n", time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH)
	kinds := passes.Kinds()
	fmt.Fprintf(&b, "| model | nodes | operators | %s | missed | import | passes | onnxruntime nodes | fused | ort %s |\n", strings.Join(kinds, " | "), strings.Join(kinds, " | ort "))
	b.WriteString("|---|" + strings.Repeat("---:|", 7+2*len(kinds)) + "\n")
	for _, r := range rows {
		operators := 0
		for _, n := range r.ours.Operators {
			operators += n
		}
		fmt.Fprintf(&b, "| %s | %d | %d |", r.name, r.ours.Nodes, operators)
		found := r.ours.Parts()
		for _, kind := range kinds {
			if found[kind] == 0 && r.parts[kind] == 0 {
				b.WriteString(" |")
			} else {
				fmt.Fprintf(&b, " %d of %d |", found[kind], r.parts[kind])
			}
		}
		missed := "none"
		if n := len(r.ours.Missed); n > 0 {
			missed = fmt.Sprint(n)
		}
		fmt.Fprintf(&b, " %s | %s | %s |%s\n", missed, milliseconds(r.ours.Import), milliseconds(r.ours.Run), r.theirs.cells(kinds))
	}
	b.WriteString(`
## Time by size

Models of equal blocks of a decoder, norms, rotary embeddings, attention and gates spelled by primitives, with the arithmetic of shapes, as an exporter that traces
writes them.

| nodes | import | passes | a node |
|---:|---:|---:|---:|
`)
	for _, p := range growth {
		each := float64((p.imported + p.passes).Nanoseconds()) / 1e3 / float64(p.nodes)
		fmt.Fprintf(&b, "| %d | %s | %s | %.1f µs |\n", p.nodes, milliseconds(p.imported), milliseconds(p.passes), each)
	}
	return b.String()
}

// cells are the columns about onnxruntime, empty where it was not asked.
func (f fusions) cells(kinds []string) string {
	switch {
	case f.Failed != "":
		return " fails" + strings.Repeat(" |", 2+len(kinds))
	case f.After == nil:
		return strings.Repeat(" |", 2+len(kinds))
	}
	all, byKind := f.fused()
	s := fmt.Sprintf(" %d | %d |", f.nodes(), all)
	for _, kind := range kinds {
		if byKind[kind] > 0 {
			s += fmt.Sprintf(" %d", byKind[kind])
		}
		s += " |"
	}
	return s
}

func milliseconds(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
