package profile

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/tensor"
)

// Options bound a measurement.
type Options struct {
	Runs int           // at most, 0: no limit
	Time time.Duration // after which no run begins
}

const maxWarm = 16 // runs before the measured ones, at most

// Take runs a model on the same inputs again and again and returns where the time went; floors are not set yet. Runs that are watched and runs
// that are not take turns. Runs before the measured ones go on until two in a row have the same steps.
func Take(ctx context.Context, m *gocompile.Model, in map[string]tensor.Value, o Options) (*Profile, error) {
	r := &recorder{}
	watched := m.NewSession(gocompile.WithObserver(r.observe), gocompile.WithReusedResults())
	for range maxWarm {
		before := r.steps()
		if err := r.run(ctx, watched, in); err != nil {
			return nil, err
		}
		if before != nil && slices.Equal(before, r.steps()) {
			break
		}
	}
	plain := m.NewSession(gocompile.WithReusedResults())
	var times []time.Duration
	unwatched := func() error {
		begin := time.Now()
		_, err := plain.Run(ctx, in)
		times = append(times, time.Since(begin))
		return err
	}
	for range 2 { // shapes that the session has not seen
		if err := unwatched(); err != nil {
			return nil, err
		}
	}
	r.reset()
	times = nil
	for end := time.Now().Add(o.Time); len(times) == 0 || (o.Runs == 0 || len(times) < o.Runs) && time.Now().Before(end); {
		if err := unwatched(); err != nil {
			return nil, err
		}
		if err := r.run(ctx, watched, in); err != nil {
			return nil, err
		}
	}
	p := r.profile(m.Modules())
	p.Model, p.Arena = m.Graph().Name, watched.ArenaBytes()
	p.Median = median(times).Seconds()
	return p, nil
}

// recorder collects the events of runs.
type recorder struct {
	events  []backend.Event // of the run at work or the last one
	fastest []backend.Event
	least   time.Duration
	runs    []time.Duration
	order   []*backend.Step
	series  map[*backend.Step]*series
}

// series is what the runs made of a step.
type series struct {
	times []time.Duration // by run, without the steps of bodies
	calls int             // in the last run that had the step
	work  backend.Work    // of that run
	run   int             // that run
}

func (r *recorder) observe(e backend.Event) { r.events = append(r.events, e) }

// steps are those of the last run, nil before the first.
func (r *recorder) steps() []*backend.Step {
	var steps []*backend.Step
	for _, e := range r.events {
		steps = append(steps, e.Step)
	}
	return steps
}

func (r *recorder) reset() {
	r.runs, r.order, r.series, r.fastest = nil, nil, map[*backend.Step]*series{}, nil
}

func (r *recorder) run(ctx context.Context, s *gocompile.Session, in map[string]tensor.Value) error {
	r.events = r.events[:0]
	begin := time.Now()
	if _, err := s.Run(ctx, in); err != nil {
		return err
	}
	if r.series != nil {
		r.end(time.Since(begin))
	}
	return nil
}

// end accounts for the events of a run.
func (r *recorder) end(took time.Duration) {
	r.runs = append(r.runs, took)
	if r.fastest == nil || took < r.least {
		r.fastest, r.least = append(r.fastest[:0], r.events...), took
	}
	for _, e := range r.events {
		r.add(e.Step, e.Duration, e.Work, 1)
		if e.Step.Parent != nil {
			r.add(e.Step.Parent, -e.Duration, backend.Work{}, 0)
		}
	}
}

// add accounts for a step in the run that has just ended.
func (r *recorder) add(step *backend.Step, d time.Duration, w backend.Work, calls int) {
	s := r.series[step]
	if s == nil {
		s = &series{}
		r.series[step] = s
		r.order = append(r.order, step)
	}
	if n := len(r.runs); s.run != n {
		s.run, s.calls, s.work = n, 0, backend.Work{}
		for len(s.times) < n {
			s.times = append(s.times, 0)
		}
	}
	s.times[len(r.runs)-1] += d
	s.calls += calls
	s.work.Flops += w.Flops
	s.work.Small += w.Small
	s.work.Constants += w.Constants
	s.work.Values += w.Values
}

func (r *recorder) profile(modules map[string][]string) *Profile {
	p := &Profile{Runs: len(r.runs), Watched: median(r.runs).Seconds(), Fastest: r.fastest}
	for i, step := range r.order {
		s := r.series[step]
		for len(s.times) < len(r.runs) {
			s.times = append(s.times, 0)
		}
		p.Steps = append(p.Steps, &Step{Name: step.Name, Kernel: step.Kernel, Nodes: nodesOf(step), Modules: pathOf(step, modules), Calls: s.calls,
			Time: max(median(s.times), 0).Seconds(), Flops: s.work.Flops, Small: s.work.Small, Constants: s.work.Constants, Values: s.work.Values, order: i})
	}
	p.sum()
	return p
}

// pathOf is the modules of a step; in a body, behind those of the step that owns the body and its name.
func pathOf(step *backend.Step, modules map[string][]string) []string {
	var path []string
	if step.Parent != nil {
		path = append(pathOf(step.Parent, modules), leaf(step.Parent.Name, step.Parent.Kernel))
	}
	own := modules[step.Name]
	if own == nil { // files that are ready to run do not say; the name may
		if at := strings.LastIndexByte(step.Name, '/'); at >= 0 {
			own = strings.FieldsFunc(step.Name[:at], func(r rune) bool { return r == '/' })
		}
	}
	for _, m := range own {
		if step.Parent == nil || !slices.Contains(path, m) {
			path = append(path, m)
		}
	}
	return path
}

func median(times []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(times))
	return s[len(s)/2]
}
