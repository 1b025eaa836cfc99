package cpu

import (
	"context"
	"runtime/pprof"
	"time"

	"github.com/gocompile/gocompile/backend"
)

// watcher is what a session does for those who look on; sessions that nobody watches have none.
type watcher struct {
	backend.SessionOptions
	steps  []*backend.Step
	labels []context.Context // by step; nil before its first run
	work   []*backend.Work   // by step, under the plan; nil while it is not known
}

// NewSessionWith is NewSession with options.
func (p *Program) NewSessionWith(o backend.SessionOptions) *Session {
	threads := p.pool
	var w *watcher
	if o.Observe != nil || o.Labels {
		p.Steps() // so that bodies are described too
		threads, w = p.pool.Labelled(), p.watcher(o)
	}
	s := p.session(threads)
	s.watch, s.reuse = w, o.Reuse
	return s
}

// sessionIn makes a session for a part of what another one runs, such as a body; it is watched as that is.
func (p *Program) sessionIn(outer *Session) *Session {
	s := p.session(outer.exec.pool)
	if outer.watch != nil {
		s.watch = p.watcher(outer.watch.SessionOptions)
	}
	return s
}

func (p *Program) watcher(o backend.SessionOptions) *watcher {
	return &watcher{SessionOptions: o, steps: p.described, labels: make([]context.Context, len(p.steps)), work: make([]*backend.Work, len(p.steps))}
}

// Steps lists the steps in the order in which they run.
func (p *Program) Steps() []*backend.Step {
	p.describe.Do(func() { p.describeSteps(nil) })
	return p.described
}

// describeSteps fills in what outsiders see of the steps, those of bodies too.
func (p *Program) describeSteps(parent *backend.Step) {
	p.described = make([]*backend.Step, len(p.steps))
	for i := range p.steps {
		st := &p.steps[i]
		p.described[i] = &backend.Step{Name: st.node.Name, Kernel: st.kernelName(), Nodes: st.nodes, Parent: parent}
		for _, b := range st.bodies {
			b.describeSteps(p.described[i])
		}
	}
}

// watched runs a step for those who look on.
func (s *Session) watched(ctx context.Context, i int) error {
	w := s.watch
	if w.Labels {
		defer s.label(ctx, i)()
	}
	if w.Observe == nil {
		return s.step(ctx, i)
	}
	begin := time.Now()
	err := s.step(ctx, i)
	took := time.Since(begin)
	if err == nil {
		w.Observe(backend.Event{Step: w.steps[i], Begin: begin, Duration: took, Work: s.workOf(i)})
	}
	return err
}

// label gives this goroutine, and the workers that take part, the labels of a step; the function that it returns takes them away again.
func (s *Session) label(ctx context.Context, i int) func() {
	w, threads := s.watch, s.exec.pool
	if w.labels[i] == nil {
		w.labels[i] = pprof.WithLabels(context.Background(), pprof.Labels("step", w.steps[i].Name, "kernel", w.steps[i].Kernel))
	}
	pprof.SetGoroutineLabels(w.labels[i])
	threads.SetLabels(w.labels[i])
	return func() {
		if ctx == nil {
			ctx = context.Background()
		}
		pprof.SetGoroutineLabels(ctx) // the labels that the caller has, if it uses any
		threads.ClearLabels()
	}
}
