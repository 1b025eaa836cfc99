package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/roof"
	"github.com/gocompile/gocompile/cmd/gocompile/flame"
	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/internal/profile"
)

func profileCommand() *cli.Command {
	return &cli.Command{
		Name:      "profile",
		Usage:     "show where the time of a run goes",
		ArgsUsage: "MODEL",
		Description: "Runs the model on the same inputs again and again and shows the time of each step under the names of the model's nodes, and how much of what " +
			"the processor can do it reaches: its arithmetic at the peak rate of multiply-adds, or the bytes that it has to move at the rate of the memory " +
			"they are in, whichever takes longer, is the floor; what is reached is the floor over the time. Inputs are given or made up as for run.",
		Flags: append(append(inputFlags(),
			&cli.IntFlag{Name: "runs", Value: 200, Usage: "measure at most `N` runs"},
			&cli.DurationFlag{Name: "time", Value: 3 * time.Second, Usage: "begin no run after `DURATION`"},
			&cli.IntFlag{Name: "top", Value: 20, Usage: "list the `N` slowest steps, 0 for all"},
			&cli.StringFlag{Name: "trace", Usage: "write the fastest run to `FILE` for Perfetto or chrome://tracing"},
			&cli.StringFlag{Name: "html", Usage: "write a page with a flame graph to `FILE`"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON with all steps, times in seconds"},
		), modelFlags()...),
		Action: profileAction,
	}
}

func profileAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if c.Int("runs") < 1 || c.Duration("time") <= 0 || c.Int("top") < 0 {
		return usagef("--runs and --time must be positive, and --top not negative")
	}
	progress := newProgress(c.Root().ErrWriter)
	m, _, err := t.load(ctx, progress)
	if err != nil {
		return err
	}
	defer m.Close()
	named, err := inputsOf(c, m, t.dims)
	if err != nil {
		return err
	}
	done := progress.spin("measuring " + t.path)
	p, err := profile.Take(ctx, m, named, profile.Options{Runs: c.Int("runs"), Time: c.Duration("time")})
	if err != nil {
		done()
		return err
	}
	p.Model = filepath.Base(strings.TrimSuffix(t.path, string(filepath.Separator)+"model.onnx"))
	limits, lv, err := limitsOf(c.Int("threads"))
	done()
	if err != nil {
		return err
	}
	p.Level = lv.String()
	p.Against(limits)
	if path := c.String("trace"); path != "" {
		if err := file.Replace(path, p.WriteTrace); err != nil {
			return err
		}
	}
	if path := c.String("html"); path != "" {
		if err := file.Replace(path, func(w io.Writer) error { return flame.Write(w, p, flame.Text{Duration: short, Size: size}) }); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(p)
	}
	return showProfile(newPage(c.Root().Writer), p, c.Int("top"))
}

// limitsOf measures what threads can do, 0 for all of the process, at the level that kernels use.
func limitsOf(threads int) (roof.Limits, level.Level, error) {
	lv, err := level.Current()
	if err != nil {
		return roof.Limits{}, lv, err
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return roof.Measure(lv, threads), lv, nil
}

func showProfile(page *page, p *profile.Profile, top int) error {
	s := func(seconds float64) string { return short(time.Duration(seconds * 1e9)) }
	percent := func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }
	reached := func(floor, x float64) string {
		if floor == 0 {
			return ""
		}
		return percent(x)
	}
	page.table("", nil, [][]string{
		{"median", fmt.Sprintf("%s of %d runs on %s, %s; %s while steps are timed", s(p.Median), p.Runs, threadsText(p.Threads), p.Level, s(p.Watched))},
		{"arithmetic", fmt.Sprintf("%.3g GFLOP/s, %s of the peak of %.3g", p.Rate()/1e9, percent(p.OfPeak()), p.Peak/1e9)},
		{"floor", fmt.Sprintf("%s for all steps; %s of what is possible is reached", s(p.Floor), percent(p.Reached()))},
	})
	var rows [][]string
	for _, k := range p.Kernels {
		rows = append(rows, []string{clip(k.Name, 60), number(int64(k.Steps)), s(k.Time), percent(k.Share), flame.Rate(k.Flops, k.Time), flame.Rate(k.Bytes, k.Time), reached(k.Floor, k.Reached())})
	}
	head := columns(left("kernel"), right("steps"), right("time"), right("share"), right("GFLOP/s"), right("GB/s"), right("reached"))
	page.table("Kernels", head, rows)
	rows = nil
	for i, x := range p.Steps {
		if top > 0 && i == top {
			break
		}
		rows = append(rows, []string{clip(x.Name, 60), clip(x.Kernel, 40), number(int64(x.Calls)), s(x.Time), percent(x.Share), flame.Rate(x.Flops, x.Time),
			flame.Rate(x.Constants+x.Values, x.Time), reached(x.Floor, x.Reached()), x.Bound})
	}
	head = columns(left("step"), left("kernel"), right("calls"), right("time"), right("share"), right("GFLOP/s"), right("GB/s"), right("reached"), left("bound by"))
	page.table("Steps", head, rows)
	if n := len(p.Steps); top > 0 && n > top {
		page.printf("\n%d of %d steps; --top 0 lists all\n", top, n)
	}
	return page.err
}
