package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/passes"
)

// modelFlags are the flags of every command that compiles a model.
func modelFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "passes", Usage: "passes that do not run, as `-NAME,…`, or -all"},
		&cli.IntFlag{Name: "limit", HideDefault: true, Usage: "stop after `N` rewrites, to find the one that breaks a model"},
		&cli.StringFlag{Name: "backend", Value: "cpu", Usage: "`NAME` of the back end: cpu, cuda or auto"},
		&cli.IntFlag{Name: "threads", HideDefault: true, Usage: "use `N` threads of its own instead of one a processor"},
		&cli.StringFlag{Name: "weights", Value: "float32", Usage: "keep matrices in `FORMAT`: float16, bfloat16, int8, int4, uint8, uint4 (int4/64: a scale for 64 weights; int4/64a8: products may round what they multiply to 8 bits), or float32 as they are"},
		&cli.StringFlag{Name: "memory", Usage: "fail when intermediate values need more than `SIZE`, such as 512MB"},
	}
}

// dimFlags name values of dimensions.
func dimFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dim", Usage: "value of an open dimension as `NAME=N`; repeat it, or separate by commas"},
		&cli.BoolFlag{Name: "fix", Usage: "compile for the values of --dim and no others"},
	}
}

// target is a model file with the options to compile it with.
type target struct {
	path    string
	dims    map[string]int
	options []gocompile.Option
	report  *passes.Report // what the passes recognised, once the model is compiled
}

// targetOf reads the only argument and the flags.
func targetOf(c *cli.Command) (*target, error) {
	if c.NArg() != 1 {
		return nil, usagef("%s takes one MODEL, got %d arguments; see %s --help", c.Name, c.NArg(), c.FullName())
	}
	t := &target{path: c.Args().First(), report: &passes.Report{}}
	var err error
	if t.options, err = optionsOf(c, t.report); err != nil {
		return nil, err
	}
	if t.dims, err = parseDims(c.StringSlice("dim")); err != nil {
		return nil, err
	}
	if c.Bool("fix") {
		for name, n := range t.dims {
			t.options = append(t.options, gocompile.WithDim(name, n))
		}
	}
	return t, nil
}

// optionsOf reads modelFlags; the report may be nil.
func optionsOf(c *cli.Command, report *passes.Report) ([]gocompile.Option, error) {
	disable, err := passes.ParseDisable(c.String("passes"))
	if err != nil {
		return nil, usageError{err}
	}
	options := []gocompile.Option{
		gocompile.WithBackend(c.String("backend")),
		gocompile.WithPasses(passes.Options{Disable: disable, Limit: c.Int("limit"), Report: report}),
	}
	switch n := c.Int("threads"); {
	case n < 0:
		return nil, usagef("--threads is %d", n)
	case n > 0:
		options = append(options, gocompile.WithThreads(n))
	}
	if s := c.String("memory"); s != "" {
		n, err := parseBytes(s)
		if err != nil {
			return nil, err
		}
		options = append(options, gocompile.WithMemoryLimit(n))
	}
	if c.IsSet("weights") && c.Name != quantizeName { // which rounds them itself, and not always
		o, err := gocompile.ParseWeights(c.String("weights"))
		if err != nil {
			return nil, usagef("--weights: %w", err)
		}
		options = append(options, o)
	}
	return options, nil
}

// parseDims reads NAME=N.
func parseDims(flags []string) (map[string]int, error) {
	dims := map[string]int{}
	for _, flag := range flags {
		for _, s := range strings.Split(flag, ",") {
			at := strings.LastIndex(s, "=")
			if at < 1 {
				return nil, usagef("--dim %s: expected NAME=N", s)
			}
			n, err := strconv.Atoi(s[at+1:])
			if err != nil || n < 0 {
				return nil, usagef("--dim %s: %q is no size", s, s[at+1:])
			}
			dims[s[:at]] = n
		}
	}
	return dims, nil
}

// load compiles the model and reports how long that took.
func (t *target) load(ctx context.Context, p *progress, more ...gocompile.Option) (*gocompile.Model, time.Duration, error) {
	done := p.spin("compiling " + t.path)
	defer done()
	begin := time.Now()
	m, err := gocompile.Load(t.path, append(t.options[:len(t.options):len(t.options)], more...)...)
	if err != nil {
		return nil, 0, err
	}
	if err := ctx.Err(); err != nil {
		m.Close()
		return nil, 0, err
	}
	return m, time.Since(begin), nil
}

// checkDims reports values for dimensions that the model does not have as wrong use.
func checkDims(m *gocompile.Model, dims map[string]int, fixed bool) error {
	if fixed {
		return nil
	}
	if _, err := m.Binding(dims, false); err != nil {
		return usageError{fmt.Errorf("--dim: %w", err)}
	}
	return nil
}
