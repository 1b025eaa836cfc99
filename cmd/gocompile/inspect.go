package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what a model holds and what it becomes",
		ArgsUsage: "MODEL",
		Description: "Shows inputs, outputs, metadata, parameters by block, and operators as imported and after the passes. With a value by --dim for " +
			"every open dimension it shows the memory that a run takes too. Nothing is run.",
		Flags: append(append(dimFlags(),
			&cli.BoolFlag{Name: "text", Usage: "print the compiled graph as text"},
			&cli.BoolFlag{Name: "shapes", Usage: "print the shape of every value of the model as imported, in its dimensions and with --dim in numbers"},
			&cli.BoolFlag{Name: "explain", Usage: "list every attention, norm and so on that was recognised, and why what looks like one was not"},
			&cli.BoolFlag{Name: "steps", Usage: "list the steps of a run with their kernels; a loop that is not native is interpreted"},
			&cli.StringFlag{Name: "filter", Usage: "with --shapes: only nodes whose name matches `REGEXP`"},
			&cli.IntFlag{Name: "buffers", Value: 5, Usage: "list the `N` largest intermediate values"},
			&cli.StringFlag{Name: "html", Usage: "write `FILE`, a page with the graph before and after the passes side by side"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		), modelFlags()...),
		Action: inspectAction,
	}
}

func inspectAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	filter, err := regexp.Compile(c.String("filter"))
	if err != nil {
		return usageError{fmt.Errorf("--filter: %w", err)}
	}
	var more []gocompile.Option
	if c.Bool("shapes") {
		more = append(more, gocompile.WithoutPasses())
	}
	m, _, err := t.load(ctx, newProgress(c.Root().ErrWriter), more...)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := checkDims(m, t.dims, c.Bool("fix")); err != nil {
		return err
	}
	if c.Bool("fix") {
		t.dims = nil
	}
	switch {
	case c.Bool("shapes"):
		return showShapes(c, m, t.dims, filter)
	case c.Bool("text"):
		return m.Graph().Print(c.Root().Writer, ir.PrintOptions{MaxElements: 16, Names: true})
	}
	if file := c.String("html"); file != "" {
		return writePage(ctx, c, t, m, file)
	}
	if c.Bool("explain") {
		return explain(c, t.report)
	}
	if c.Bool("steps") {
		return showSteps(c, m)
	}
	var memory *backend.Memory
	if len(t.dims) > 0 || len(m.Dims()) == 0 {
		if memory, err = m.Memory(t.dims); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(describe(m, t.report, memory, c.Int("buffers")))
	}
	page := newPage(c.Root().Writer)
	showInfo(page, t.path, m.Info())
	showPorts(page, "Inputs", m.Inputs())
	showPorts(page, "Outputs", m.Outputs())
	showFindings(page, t.report)
	showBlocks(page, m.Parameters())
	showOperators(page, m)
	switch dims := m.Dims(); {
	case memory != nil:
		showMemory(page, memory, c.Int("buffers"))
	default:
		var names []string
		for _, d := range dims {
			names = append(names, d.Name+"=N")
		}
		page.printf("\nFor the memory of a run add --dim %s\n", clip(strings.Join(names, ","), 200))
	}
	return page.err
}

// description is what inspect --json prints.
type description struct {
	Producer   string            `json:"producer"`
	IRVersion  int64             `json:"ir_version"`
	Opsets     map[string]int64  `json:"opsets"`
	Doc        string            `json:"doc,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Nodes      int               `json:"nodes"`
	Inputs     []jsonPort        `json:"inputs"`
	Outputs    []jsonPort        `json:"outputs"`
	Dims       []jsonDim         `json:"dims"`
	Parameters int64             `json:"parameters"`
	Tables     int64             `json:"position_tables"`
	Blocks     []block           `json:"blocks"`
	Imported   map[string]int    `json:"operators_before"`
	Compiled   map[string]int    `json:"operators_after"`
	Recognised []passes.Finding  `json:"recognised"`
	Missed     []passes.Miss     `json:"missed"`
	Memory     *jsonMemory       `json:"memory,omitempty"`
}

type jsonPort struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type jsonDim struct {
	Name string   `json:"name"`
	In   []string `json:"in"`
}

// jsonMemory is [backend.Memory] in bytes.
type jsonMemory struct {
	Weights int64        `json:"weights"`
	Inputs  int64        `json:"inputs"`
	Outputs int64        `json:"outputs"`
	Arena   int64        `json:"arena"`
	Values  int64        `json:"values"`
	Late    int          `json:"late"`
	Buffers []jsonBuffer `json:"buffers"`
}

type jsonBuffer struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Bytes  int64  `json:"bytes"`
	Offset int64  `json:"offset"`
	From   int    `json:"from"`
	To     int    `json:"to"`
}

func describe(m *gocompile.Model, r *passes.Report, memory *backend.Memory, buffers int) description {
	i := m.Info()
	d := description{Producer: producer(i), IRVersion: i.IRVersion, Opsets: i.Opsets, Doc: i.Doc, Metadata: i.Metadata, Nodes: i.Nodes,
		Inputs: jsonPorts(m.Inputs()), Outputs: jsonPorts(m.Outputs()), Blocks: blocks(m.Parameters()),
		Imported: m.ImportedOps(), Compiled: m.Graph().CountOps(),
		Recognised: append([]passes.Finding{}, r.Found()...), Missed: r.Missed()}
	for _, p := range m.Parameters() {
		if p.Table {
			d.Tables += p.Count
		} else {
			d.Parameters += p.Count
		}
	}
	for _, dim := range m.Dims() {
		d.Dims = append(d.Dims, jsonDim{dim.Name, dim.In})
	}
	if memory == nil {
		return d
	}
	d.Memory = &jsonMemory{memory.Weights, memory.Inputs, memory.Outputs, memory.Arena, memory.Values, memory.Late, nil}
	for _, b := range largest(memory, buffers) {
		d.Memory.Buffers = append(d.Memory.Buffers, jsonBuffer{b.Name, b.Elem.String() + shapeText(b.Shape), b.Bytes, b.Offset, b.From, b.To})
	}
	return d
}

// largest is the first n buffers.
func largest(m *backend.Memory, n int) []backend.Buffer {
	return m.Buffers[:min(len(m.Buffers), max(n, 0))]
}

func jsonPorts(ports []gocompile.Port) []jsonPort {
	list := []jsonPort{}
	for _, p := range ports {
		list = append(list, jsonPort{p.Name, p.Type.String()})
	}
	return list
}

func producer(i gocompile.Info) string {
	return strings.TrimSpace(i.Producer + " " + i.ProducerVersion)
}

func showInfo(p *page, path string, i gocompile.Info) {
	var opsets []string
	for _, d := range slices.Sorted(maps.Keys(i.Opsets)) {
		name := d
		if d == "" {
			name = "ai.onnx"
		}
		opsets = append(opsets, fmt.Sprintf("%s %d", name, i.Opsets[d]))
	}
	rows := [][]string{{"file", path}, {"producer", producer(i)}, {"format", fmt.Sprintf("IR version %d", i.IRVersion)},
		{"opsets", strings.Join(opsets, ", ")}, {"nodes", number(int64(i.Nodes))}}
	if i.Doc != "" {
		rows = append(rows, []string{"about", oneLine(i.Doc)})
	}
	for _, k := range slices.Sorted(maps.Keys(i.Metadata)) {
		rows = append(rows, []string{k, oneLine(i.Metadata[k])})
	}
	p.table("Model", nil, rows)
}

// oneLine fits a text of any length and content on a line.
func oneLine(s string) string { return clip(strings.Join(strings.Fields(s), " "), 100) }

func showPorts(p *page, title string, ports []gocompile.Port) {
	rows := make([][]string, len(ports))
	for i, q := range ports {
		rows[i] = []string{q.Name, q.Type.String()}
	}
	p.table(title, nil, rows)
}

func showOperators(p *page, m *gocompile.Model) {
	before, after := m.ImportedOps(), m.Graph().CountOps()
	all := maps.Clone(after)
	var sumBefore, sumAfter int
	for op, n := range before {
		all[op] += 0
		sumBefore += n
	}
	for _, n := range after {
		sumAfter += n
	}
	names := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(names, func(a, b string) int { return after[b] - after[a] })
	var rows [][]string
	for _, op := range names {
		rows = append(rows, []string{op, dash(before[op]), dash(after[op])})
	}
	rows = append(rows, []string{"all", dash(sumBefore), dash(sumAfter)})
	p.table("Operators", columns(left("operator"), right("imported"), right("compiled")), rows)
}

func dash(n int) string {
	if n == 0 {
		return "–"
	}
	return number(int64(n))
}

func showMemory(p *page, m *backend.Memory, n int) {
	rows := [][]string{
		{"weights and constants", size(m.Weights), "shared by all sessions"},
		{"inputs", size(m.Inputs), ""},
		{"outputs", size(m.Outputs), "new in every run"},
		{"intermediate values", size(m.Arena), fmt.Sprintf("a session; %s without sharing of places", size(m.Values))},
	}
	if m.Late > 0 {
		rows = append(rows, []string{"values of unknown size", number(int64(m.Late)), "their sizes depend on data"})
	}
	p.table("Memory", nil, rows)
	rows = nil
	for _, b := range largest(m, n) {
		rows = append(rows, []string{clip(b.Name, 60), b.Elem.String() + shapeText(b.Shape), size(b.Bytes), fmt.Sprintf("%d–%d", b.From, b.To)})
	}
	if rows != nil {
		p.table("Largest intermediate values", columns(left("value"), left("type"), right("size"), right("steps")), rows)
	}
}
