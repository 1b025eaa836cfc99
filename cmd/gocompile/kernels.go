package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

func kernelsCommand() *cli.Command {
	return &cli.Command{
		Name:  "kernels",
		Usage: "list the micro kernels of this build, and compare them",
		Description: "Lists the micro kernels of products, convolutions and recurrent layers with the level of the processor that each needs. With --bench it times every one that can " +
			"compute a float32 product of that shape, with the second operand packed as a weight, as it is and as float16, in place, and in place but transposed, and marks the one that is chosen.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "bench", Usage: "time products of [M, K] by [K, N], given as `M,K,N`"},
			&cli.IntFlag{Name: "threads", Value: 1, Usage: "use `N` threads"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON, times in seconds"},
		},
		Action: kernelsAction,
	}
}

// declared is a micro kernel as it is listed.
type declared struct {
	For     string `json:"for"`
	Name    string `json:"name"`
	Level   string `json:"level"`
	Usable  bool   `json:"usable"` // on this processor at the level that is in force
	Tile    string `json:"tile"`
	Reads   string `json:"reads"`              // the form of the second operand
	MaxRows int    `json:"max_rows,omitempty"` // for which it is chosen; 0: any number
	Quality int    `json:"quality,omitempty"`  // multiply-adds a cycle, about
}

func kernelsAction(ctx context.Context, c *cli.Command) error {
	if c.Args().Present() {
		return usagef("kernels takes no arguments; see %s --help", c.FullName())
	}
	l, err := level.Current()
	if err != nil {
		return err
	}
	if s := c.String("bench"); s != "" {
		m, k, n, err := parseProduct(s)
		if err != nil {
			return err
		}
		if c.Int("threads") < 1 {
			return usagef("--threads is %d", c.Int("threads"))
		}
		r, err := race(ctx, newProgress(c.Root().ErrWriter), m, n, k, c.Int("threads"))
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return json.NewEncoder(c.Root().Writer).Encode(r)
		}
		return r.show(newPage(c.Root().Writer))
	}
	list := declaredKernels(l)
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(list)
	}
	page := newPage(c.Root().Writer)
	page.table("", nil, [][]string{{"processor", level.Highest().String()}, {"in force", l.String()}})
	var rows [][]string
	for _, d := range list {
		rows = append(rows, []string{d.For, d.Name, d.Level, yes(d.Usable), d.Tile, d.Reads, orAny(d.MaxRows), dash(d.Quality)})
	}
	page.table("Micro kernels", columns(left("for"), left("name"), left("level"), left("usable"), left("tile"), left("reads"), right("rows"), right("multiply-adds a cycle")), rows)
	return page.err
}

// parseProduct reads M,K,N.
func parseProduct(s string) (m, k, n int, err error) {
	var sizes []int
	for _, part := range strings.Split(s, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || size < 1 || size > 1<<20 {
			return 0, 0, 0, usagef("--bench %s: expected M,K,N, each from 1 to %d", s, 1<<20)
		}
		sizes = append(sizes, size)
	}
	if len(sizes) != 3 {
		return 0, 0, 0, usagef("--bench %s: expected M,K,N", s)
	}
	m, k, n = sizes[0], sizes[1], sizes[2]
	if max(m*k, k*n, m*n) > 1<<28 {
		return 0, 0, 0, usagef("--bench %s: a matrix of more than %d elements", s, 1<<28)
	}
	return m, k, n, nil
}

func declaredKernels(l level.Level) []declared {
	var list []declared
	for _, k := range gemm.Kernels {
		d := declared{For: "f32 products", Name: k.Name, Level: k.Level.String(), Usable: k.Level <= l, Tile: fmt.Sprintf("%d × %d", k.MR, k.NR), Reads: k.B.String(), MaxRows: k.Small, Quality: k.Quality}
		if k.B == gemm.Rows || k.B == gemm.Columns {
			d.Tile = fmt.Sprintf("%d × any", k.MR)
		}
		list = append(list, d)
	}
	for _, k := range quant.Kernels() {
		list = append(list, declared{For: "i8, u8 products", Name: k.Name, Level: k.Level.String(), Usable: k.Level <= l, Tile: fmt.Sprintf("%d × %d", k.MR, k.NR), Reads: fmt.Sprintf("panels of %d rows", k.Group)})
	}
	for _, k := range conv.Kernels() {
		list = append(list, declared{For: "f32 convolutions", Name: k.Name, Level: k.Level.String(), Usable: k.Level <= l, Tile: fmt.Sprintf("%d × %d", k.Channels, k.Positions), Reads: k.Reads})
	}
	for _, k := range recurrent.Kernels {
		list = append(list, declared{For: "LSTM, GRU", Name: k.Name, Level: k.Level.String(), Usable: k.Level <= l, Tile: fmt.Sprintf("any × %d", k.Lanes), Reads: "panels"})
	}
	return list
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orAny(n int) string {
	if n == 0 {
		return "any"
	}
	return "≤ " + strconv.Itoa(n)
}

// contest is how fast each kernel computes a product.
type contest struct {
	M       int     `json:"m"`
	K       int     `json:"k"`
	N       int     `json:"n"`
	Threads int     `json:"threads"`
	Level   string  `json:"level"`
	Peak    float64 `json:"peak_flops_per_s"`
	Entries []entry `json:"entries"`
}

type entry struct {
	Operand string  `json:"b"` // where the second operand lies
	Kernel  string  `json:"kernel"`
	Chosen  bool    `json:"chosen"`
	Time    float64 `json:"time_s"`
	Rate    float64 `json:"flops_per_s"`
	OfPeak  float64 `json:"of_peak"`
}

func (r *contest) show(p *page) error {
	p.table("", nil, [][]string{
		{"product", fmt.Sprintf("[%d, %d] by [%d, %d], %s, %s", r.M, r.K, r.K, r.N, threadsText(r.Threads), r.Level)},
		{"peak", fmt.Sprintf("%.3g GFLOP/s", r.Peak/1e9)},
	})
	for rest := r.Entries; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(e entry) bool { return e.Operand != rest[0].Operand })
		if n < 0 {
			n = len(rest)
		}
		var rows [][]string
		for _, e := range rest[:n] {
			chosen := ""
			if e.Chosen {
				chosen = "chosen"
			}
			rows = append(rows, []string{e.Kernel, short(time.Duration(e.Time * 1e9)), fmt.Sprintf("%.3g", e.Rate/1e9), fmt.Sprintf("%.1f %%", 100*e.OfPeak), chosen})
		}
		p.table("Second operand "+rest[0].Operand, columns(left("kernel"), right("time"), right("GFLOP/s"), right("of peak"), left("")), rows)
		rest = rest[n:]
	}
	return p.err
}
