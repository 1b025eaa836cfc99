package main

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/internal/peer"
)

// page is the text of docs/models.md.
func page(rows []row, o options, machine string) string {
	var b strings.Builder
	threads := "one thread"
	if o.threads > 1 {
		threads = fmt.Sprintf("%d threads", o.threads)
	}
	fmt.Fprintf(&b, `# %s

Every model of a folder on its recorded inputs, %s each, all runtimes alive at once and run in turns. Nodes are those of the file, operators those that
are left after the passes. Load is from the file to a program, first the first run, median that of the following ones, peak the largest resident
size of the process, which for runtimes under Python includes it. The ratio is our median over the other's. Times drift on a shared machine; ratios hold better.

Written by `+"`go run ./bench/models -zoo DIR -python python`"+`. %s.

`, o.title, threads, machine)
	b.WriteString("| model | nodes | operators |")
	line := "|---|---:|---:|"
	for i, p := range o.peers {
		fmt.Fprintf(&b, " %s load | first | median | peak MB |", p.Name)
		line += "---:|---:|---:|---:|"
		if i > 0 {
			b.WriteString(" ratio |")
			line += "---:|"
		}
	}
	b.WriteString("\n" + line + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d |", r.name, r.nodes, r.operators)
		for i, x := range r.results {
			if x.Failed != "" {
				b.WriteString(" fails | | | |")
			} else {
				fmt.Fprintf(&b, " %s | %s | %s | %.0f |", peer.Seconds(x.Load), peer.Seconds(x.First), peer.Seconds(x.Median()), x.Peak)
			}
			if i > 0 {
				fmt.Fprintf(&b, " %s |", ratio(r.results[0], x))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func ratio(ours, other peer.Result) string {
	if ours.Failed != "" || other.Failed != "" || other.Median() == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ours.Median()/other.Median())
}
