package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// document is everything that the page is made of; nil parts are left out.
type document struct {
	scenarios  *scenarios
	growth     *growth
	throughput *throughput
	numerics   *numerics
	reasons    map[string]string
	plots      string // the folder of the plots, beside the page
}

func (d *document) text() string {
	var b strings.Builder
	b.WriteString(`# Benchmarks

Every runtime is a process of its own, all are alive at once, and one at a time is told to run, in turns whose order rotates, so that slow phases of a shared
machine fall on all of them. Times are medians. A ratio is our median over the other's: below 1 we are faster. Times drift on a shared machine; ratios hold better.

Written by ` + "`bench/run`" + `, which measures everything, or by the program in [bench/page](../bench/page) from what was measured.
`)
	if d.scenarios != nil {
		d.writeScenarios(&b)
		d.writeMissed(&b)
		d.writeLoading(&b)
	}
	if d.growth != nil {
		d.writeGrowth(&b)
	}
	if d.throughput != nil {
		d.writeThroughput(&b)
	}
	if d.numerics != nil {
		d.writeNumerics(&b)
	}
	return b.String()
}

// result is a scenario at a number of threads.
type result struct {
	scenario string
	threads  int
	ours     *row
	peers    map[string]*row
}

// results groups the rows, in their order.
func (s *scenarios) results() []*result {
	var list []*result
	for i := range s.Rows {
		r := &s.Rows[i]
		k := slices.IndexFunc(list, func(x *result) bool { return x.scenario == r.Scenario && x.threads == r.Threads })
		if k < 0 {
			k = len(list)
			list = append(list, &result{scenario: r.Scenario, threads: r.Threads, peers: map[string]*row{}})
		}
		if r.Runtime == ours {
			list[k].ours = r
		} else {
			list[k].peers[r.Runtime] = r
		}
	}
	return list
}

// best is the fastest peer, nil if there is none.
func (r *result) best() *row {
	var best *row
	for _, name := range peers {
		if p := r.peers[name]; p != nil && p.Median > 0 && (best == nil || p.Median < best.Median) {
			best = p
		}
	}
	return best
}

// ratio is that to the best peer, 0 if there is none.
func (r *result) ratio() float64 {
	p := r.best()
	if p == nil || r.ours == nil {
		return 0
	}
	return r.ours.Median / p.Median
}

// label names the scenario for tables and reasons.
func (r *result) label() string { return fmt.Sprintf("%s, %s", r.scenario, threadsText(r.threads)) }

func threadsText(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

func (d *document) writeScenarios(b *strings.Builder) {
	s := d.scenarios
	results := s.results()
	load := ""
	if len(s.Load) > 0 {
		load = fmt.Sprintf(", load average %.1f at the beginning", s.Load[0])
	}
	fmt.Fprintf(b, "\n## Scenarios\n\nMeasured on %s on %s%s; %d turns of %g s for each runtime.\n", s.When, s.CPU, load, s.Rounds, s.Block)
	threads := []int{}
	for _, r := range results {
		if !slices.Contains(threads, r.threads) {
			threads = append(threads, r.threads)
		}
	}
	slices.Sort(threads)
	for _, n := range threads {
		fmt.Fprintf(b, "\n### %s\n\n| scenario | gocompile |", threadsText(n))
		line := "|---|---:|"
		for _, p := range peers {
			fmt.Fprintf(b, " %s | ratio |", p)
			line += "---:|---:|"
		}
		fmt.Fprintf(b, " to reach |\n%s---:|\n", line)
		for _, r := range results {
			if r.threads != n {
				continue
			}
			fmt.Fprintf(b, "| %s | %s |", r.scenario, timeOf(r.ours))
			for _, name := range peers {
				p := r.peers[name]
				if p == nil || p.Median == 0 || r.ours == nil || r.ours.Median == 0 {
					fmt.Fprintf(b, " %s | |", timeOf(p))
					continue
				}
				fmt.Fprintf(b, " %s | %s |", timeOf(p), ratioText(r.ours.Median/p.Median, p == r.best(), target(r.scenario)))
			}
			fmt.Fprintf(b, " %.2f |\n", target(r.scenario))
		}
	}
	b.WriteString("\nThe ratio to the fastest peer is bold; it is marked with ✗ where it misses what is to be reached.\n")
}

func timeOf(r *row) string {
	switch {
	case r == nil:
		return "–"
	case r.Median == 0:
		return "fails"
	}
	return seconds(r.Median)
}

// ratioText writes a ratio, marked if it is the one that counts.
func ratioText(ratio float64, counts bool, target float64) string {
	text := fmt.Sprintf("%.2f", ratio)
	if !counts {
		return text
	}
	if ratio > target {
		return "**" + text + "** ✗"
	}
	return "**" + text + "**"
}

// writeMissed names what misses its ratio, with where its time goes and the reason.
func (d *document) writeMissed(b *strings.Builder) {
	var missed []*result
	for _, r := range d.scenarios.results() {
		if r.ours != nil && (r.ours.Median == 0 || r.ratio() > target(r.scenario)) {
			missed = append(missed, r)
		}
	}
	b.WriteString("\n### What misses its ratio\n\n")
	if missed == nil {
		b.WriteString("Nothing.\n")
	}
	for _, r := range missed {
		if r.ours.Median == 0 {
			fmt.Fprintf(b, "- **%s**: fails: %v.", r.label(), r.ours.Error)
		} else {
			fmt.Fprintf(b, "- **%s**: %.2f of %s, to reach %.2f.", r.label(), r.ratio(), r.best().Runtime, target(r.scenario))
		}
		if p := r.ours.Profile; p != nil {
			fmt.Fprintf(b, " %s", p.text())
		}
		if why := d.reasons[r.label()]; why != "" {
			fmt.Fprintf(b, " %s", why)
		} else if why := d.reasons[r.scenario]; why != "" {
			fmt.Fprintf(b, " %s", why)
		}
		b.WriteByte('\n')
	}
}

// text says where the time goes.
func (p *profile) text() string {
	var parts []string
	for i, k := range p.Kernels {
		if i == 4 || k.Share < 0.03 {
			break
		}
		reached := ""
		if k.Floor > 0 && k.Time > 0 {
			reached = fmt.Sprintf(" at %.0f %% of what is possible", 100*k.Floor/k.Time)
		}
		parts = append(parts, fmt.Sprintf("%.0f %% in %s%s", 100*k.Share, k.Name, reached))
	}
	return "Time goes to: " + strings.Join(parts, "; ") + "."
}

func (d *document) writeLoading(b *strings.Builder) {
	fmt.Fprintf(b, `
## Loading and memory

Load is from the file, in the page cache, to a program that can run, the least of all processes that loaded the model for a scenario: the first to touch
memory that the system has not had for a while waits for it. Memory is the peak of the resident size after the first run, in MB. Of onnxruntime, which runs under
Python here, what its process took before the model is taken off. To be reached are %.2f of its time and %.2f of its memory.

| model | scenario | load | onnxruntime | ratio | memory | onnxruntime | ratio |
|---|---|---:|---:|---:|---:|---:|---:|
`, loadTarget, memoryTarget)
	seen := map[string]bool{}
	for _, r := range d.scenarios.results() {
		p := r.peers["onnxruntime"]
		if r.ours == nil || r.ours.Median == 0 || p == nil || p.Median == 0 || seen[r.ours.Model] {
			continue
		}
		seen[r.ours.Model] = true
		memory, load, other := p.Peak-p.Base, d.scenarios.leastLoad(r.ours), d.scenarios.leastLoad(p)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %.0f | %.0f | %s |\n", r.ours.Model, r.label(), seconds(load), seconds(other),
			ratioText(load/other, true, loadTarget), r.ours.Peak, memory, ratioText(r.ours.Peak/memory, true, memoryTarget))
	}
}

// leastLoad is the shortest time in which the runtime of a row loaded its model, for any scenario.
func (s *scenarios) leastLoad(r *row) float64 {
	least := r.Load
	for i := range s.Rows {
		if x := &s.Rows[i]; x.Runtime == r.Runtime && x.Model == r.Model && x.Median > 0 {
			least = min(least, x.Load)
		}
	}
	return least
}

func (d *document) writeGrowth(b *strings.Builder) {
	g := d.growth
	fmt.Fprintf(b, "\n## Growth\n\nMeasured on %s on %s, %s each. Both axes are logarithmic.\n", g.Date, g.Processor, threadsText(g.Threads))
	for _, a := range g.Axes {
		fmt.Fprintf(b, "\n### %s\n\n![%s](%s/%s)\n\n| %s |", a.Title, a.Title, d.plots, fileOf(a), a.Unit)
		line := "|---|"
		for _, p := range a.Points {
			fmt.Fprintf(b, " %d |", p.Size)
			line += "---:|"
		}
		fmt.Fprintf(b, "\n%s\n| gocompile |", line)
		for _, p := range a.Points {
			fmt.Fprintf(b, " %s |", secondsOrDash(p.at(ours)))
		}
		for _, name := range a.runtimes() {
			if name == ours {
				continue
			}
			fmt.Fprintf(b, "\n| ratio to %s |", name)
			for _, p := range a.Points {
				if x, y := p.at(ours), p.at(name); x > 0 && y > 0 {
					fmt.Fprintf(b, " %.2f |", x/y)
				} else {
					b.WriteString(" – |")
				}
			}
		}
		fmt.Fprintf(b, "\n\nThe model is %s.\n", a.Model)
	}
}

func (d *document) writeThroughput(b *strings.Builder) {
	t := d.throughput
	fmt.Fprintf(b, `
## Concurrent sessions

Runs a second of 1, 2, 4 and 8 callers that share one model and %s. Measured on %s on %s. Idle is the share of one processor that works
for the process in the second after.

| model | runtime | 1 | 2 | 4 | 8 | idle |
|---|---|---:|---:|---:|---:|---:|
`, threadsText(t.Threads), t.Date, t.Processor)
	for _, m := range t.Models {
		for _, i := range m.Idle {
			fmt.Fprintf(b, "| %s | %s |", m.Model, i.Runtime)
			if i.Failed != "" {
				b.WriteString(" fails | | | | |\n")
				continue
			}
			for _, n := range []int{1, 2, 4, 8} {
				cell := "–"
				for _, r := range m.Rates {
					if x := r.Rates[i.Runtime]; r.Sessions == n && x > 0 {
						cell = fmt.Sprintf("%.3g", x)
					}
				}
				fmt.Fprintf(b, " %s |", cell)
			}
			fmt.Fprintf(b, " %.1f %% |\n", 100*i.Share)
		}
	}
}

// discrete is the error from which on a model is taken to decide something by rounding.
const discrete = 1e-3

func (d *document) writeNumerics(b *strings.Builder) {
	fmt.Fprintf(b, `
## Numerics

The largest difference of any output from the evaluation of the model in float64, on the same weights and inputs, relative to the largest number in that output.
Inputs are the recorded ones, and variants of them with other numbers where the evaluation does not take too long. Measured on %s on %s.

| model | inputs | gocompile | onnxruntime | ratio |
|---|---:|---:|---:|---:|
`, d.numerics.Date, d.numerics.Processor)
	jumps, narrow := false, map[string]bool{}
	for _, m := range d.numerics.Models {
		if why := m.Failed["reference"]; why != "" {
			fmt.Fprintf(b, "| %s | | no reference: %s | | |\n", m.Model, oneLine(why))
			continue
		}
		mark := ""
		x, okX := m.Errors[ours]
		y, okY := m.Errors["onnxruntime"]
		if okX && okY && min(x, y) > discrete {
			mark, jumps = " ¹", true
		}
		for _, o := range m.Left {
			narrow[o] = true
		}
		if m.Left != nil {
			mark += " ²"
		}
		ratio := ""
		if okX && okY && y > 0 {
			ratio = fmt.Sprintf("%.2f", x/y)
		}
		fmt.Fprintf(b, "| %s%s | %d | %s | %s | %s |\n", m.Model, mark, max(m.Inputs, 1), errorText(x, okX), errorText(y, okY), ratio)
	}
	if jumps {
		b.WriteString("\n¹ The model makes integers of floating-point numbers, and the rounding of float32 decides which: all runtimes are as far from float64 as one of these steps.\n")
	}
	if len(narrow) > 0 {
		var names []string
		for o := range narrow {
			names = append(names, o)
		}
		slices.SortFunc(names, cmp.Compare)
		fmt.Fprintf(b, "\n² Computed in float32 in the reference too, for which alone the operators are: %s.\n", strings.Join(names, ", "))
	}
}

func errorText(x float64, ok bool) string {
	if !ok {
		return "fails"
	}
	return fmt.Sprintf("%.1e", x)
}

// oneLine fits a text into a cell.
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "/")
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}

func secondsOrDash(s float64) string {
	if s == 0 {
		return "–"
	}
	return seconds(s)
}

// seconds writes a time with three digits and a unit.
func seconds(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g s", s)
}
