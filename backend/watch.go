package backend

import (
	"time"

	"github.com/gocompile/gocompile/ir"
)

// SessionOptions ask for a session whose steps can be told apart from outside, or that keeps the memory of its results. A session of the zero value
// pays no more for that than the test of one pointer a step.
type SessionOptions struct {
	// Observe, if it is not nil, is called after each step of a run, on the goroutine of the run and before the next step.
	Observe func(Event)
	// Labels makes the samples of a processor profile that fall into a step carry its name and kernel as the labels "step" and "kernel",
	// on all threads that work on it.
	Labels bool
	// Reuse makes results the session's own, good until its next run: they lie in the same memory run after run. States are no results.
	Reuse bool
}

// Step is a part of a program that runs as one. A step keeps its address as long as its program.
type Step struct {
	Name   string     // the model's own name of the node that defines the results, or the first of several; may be empty
	Kernel string     // what runs: a kernel, or "eval" and the operator
	Nodes  []*ir.Node // what it stands for, in an order in which they can be computed
	Parent *Step      // the step of control flow that owns the body it is in; nil outside of bodies
}

// Event is a step that has run.
type Event struct {
	Step     *Step
	Begin    time.Time
	Duration time.Duration // with the steps of bodies, which are told of before
	Work     Work
}

// Work is what a step has to do at least, whatever it is done with.
type Work struct {
	Flops     int64 // arithmetic operations, see op.Flops
	Small     int64 // those of them that are on integers of 8 bits, which have a peak of their own
	Constants int64 // bytes of constants that are read
	Values    int64 // bytes of other values that are read, and of results that are written
}
