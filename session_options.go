package gocompile

import "github.com/gocompile/gocompile/backend"

// SessionOption changes what a session tells of its runs, and whom their results belong to. Without options a run pays nothing for them but the test of
// a pointer a step.
type SessionOption func(*backend.SessionOptions)

// WithObserver has f called after each step of a run, on the goroutine that runs: which step it was, with the model's own names, how long it
// took and what it had to do. A program for a tuple of input shapes may be replaced by a better one when the shapes come a second time; its
// steps are others. Steps that need no work for some shapes, such as a reshape, are not told of.
func WithObserver(f func(backend.Event)) SessionOption {
	return func(o *backend.SessionOptions) { o.Observe = f }
}

// WithLabels makes the samples of a processor profile (runtime/pprof) carry the labels "step" and "kernel". After each step the goroutine of
// the run has the labels of the context of the run, which are those of [pprof.Do] if the call is made within it.
//
// [pprof.Do]: https://pkg.go.dev/runtime/pprof#Do
func WithLabels() SessionOption {
	return func(o *backend.SessionOptions) { o.Labels = true }
}

// WithReusedResults makes results the session's own: a run writes them where the one before did, so that they are good until the next run of the session and
// no longer. Results that are to be kept must be copied ([tensor.Tensor.Clone]); they may be inputs of the next run. It saves new memory in every
// run, which matters where results are large.
func WithReusedResults() SessionOption {
	return func(o *backend.SessionOptions) { o.Reuse = true }
}
