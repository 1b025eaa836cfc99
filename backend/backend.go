// Package backend says what a back end is, and chooses one by name.
//
// A back end turns a graph into a program for one kind of processor. It knows the graph and nothing of where it came from; back
// ends know nothing of each other.
package backend

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Auto is the name that stands for the first back end of a list that this machine can use.
const Auto = "auto"

// Backend makes programs for one kind of processor.
type Backend struct {
	Name string
	Doc  string // one sentence on what it runs on
	// Detect says why this build, on this machine, cannot use the back end; nil if it can.
	Detect func() error
	// Compile makes a program of a graph, which must not change afterwards.
	Compile func(g *ir.Graph, o Options) (Program, error)
}

// Options of a program.
type Options struct {
	Threads     int   // of its own, the caller's among them; 0: those that all programs of the process share
	MemoryLimit int64 // bytes that the intermediate values of a session may take; 0: no limit
	// Weights is the format in which constant float32 matrices are kept: tensor.Float16 or tensor.BFloat16, which they are rounded to, or
	// else as they are. Products are computed in float32 all the same.
	Weights tensor.DType
	// Release is told of the memory of constants, or of parts of them, that the program has a copy of in another form, and will hardly read again. It may be
	// nil, and must be safe for concurrent use.
	Release func(constant []byte)
	// States are results that the next run takes as inputs. Each input and output is part of one state at most.
	States []State
	// Packs are what [Program.Packs] returned of a program for an equal graph, with the constants of this one. Those that fit the processor are used
	// as they are.
	Packs []Pack
	// Hollow are constants whose memory is not filled yet: packs have all of them.
	Hollow []*tensor.Tensor
}

// Pack is a constant, or a part of it, in the form in which programs of a back end read it.
type Pack struct {
	Constant *tensor.Tensor
	Form     string // which part and which form, in words of the back end
	Data     []byte
}

// State is a result that is an input of the next run.
type State struct {
	Input, Output int  // in the order of the graph's
	Append        bool // runs add rows to it where it lies; in [Options] that they may
}

// Slot is the memory of a state in a call of [Session.Step].
type Slot struct {
	// Rows is the state, if the program appends to it. Its length grows with the step.
	Rows *Rows
	// Turns are those of the sequences of a step of several, instead of Rows; all slots that are appended to have the same number of them, with as
	// many new positions.
	Turns []Turn
	// Spare is a tensor whose memory may become that of the new state, if it has the size; nil if there is none. It is not the state itself.
	Spare *tensor.Tensor

	shape [4]int
}

// Program is a compiled graph, read-only and shared by any number of sessions.
type Program interface {
	NewSession(o SessionOptions) Session
	// Variant compiles a graph that has constants in common with that of the program, and states. It shares the threads and the packed weights
	// of the program, which must be closed after it.
	Variant(g *ir.Graph, states []State) (Program, error)
	// States lists the states in the order of the options; Append says whether runs do append to it.
	States() []State
	// Memory is the plan for a binding of all symbols that the inputs have.
	Memory(b sym.Binding) (*Memory, error)
	// Steps lists the steps in the order in which they run. Those of bodies of control flow are not among them.
	Steps() []*Step
	// Packs returns the constants that the program, or a variant of it, has in another form, and those of them that nothing reads beside: they
	// can be had from the packs.
	Packs() (packs []Pack, spare []*tensor.Tensor)
	// Fill fills the memory of hollow constants, which has to be done before anything but the program and its variants reads them.
	Fill()
	// Close gives back what the program holds. Its sessions may not be used afterwards.
	Close() error
}

// Session runs a program, one call at a time.
type Session interface {
	// Run computes the results of inputs, both in the order of the graph's. Results are new and belong to the caller.
	Run(ctx context.Context, in []tensor.Value) ([]tensor.Value, error)
	// Step is Run for a program with states, of which slots are the memory in the order of the program's. Inputs are nil for states that are
	// appended to, and so are results; a new state that is not may lie in the spare memory of its slot. Where rows are appended, memory is planned
	// for the capacity of the states, so that a step which adds to them does what the one before did. The slice of results is the
	// session's own, good until the next step. A step that fails leaves the states as they are.
	Step(ctx context.Context, in []tensor.Value, slots []Slot) ([]tensor.Value, error)
	// ArenaBytes is the memory that the session holds for intermediate values.
	ArenaBytes() int
}

// Memory is what a run of given input shapes takes, in bytes.
type Memory struct {
	Weights int64    // constants, shared by all sessions
	Inputs  int64    // given by the caller
	Outputs int64    // new in every run
	Arena   int64    // of a session, in which intermediate values share places
	Values  int64    // all intermediate values together
	Buffers []Buffer // intermediate values, the largest first
	Late    int      // values whose size is known only when their step runs; they are in none of the sums
}

// Buffer is the place of an intermediate value in the arena.
type Buffer struct {
	Name   string // the model's, may be empty
	Elem   tensor.DType
	Shape  []int
	Bytes  int64
	Offset int64
	From   int // the step that writes it
	To     int // the last step that reads it
}

// Choose returns the back end of that name among all, or for Auto the first that can be used. An error lists all and says what
// keeps each from being used.
func Choose(name string, all []Backend) (Backend, error) {
	var reasons []string
	for _, b := range all {
		err := b.Detect()
		switch {
		case name == b.Name && err != nil:
			return Backend{}, fmt.Errorf("back end %q: %w", name, err)
		case name == b.Name, name == Auto && err == nil:
			return b, nil
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("%s (%v)", b.Name, err))
		default:
			reasons = append(reasons, b.Name)
		}
	}
	if name == Auto {
		return Backend{}, errors.New("no back end can be used: " + strings.Join(reasons, ", "))
	}
	return Backend{}, fmt.Errorf("there is no back end %q; there are %s", name, strings.Join(reasons, ", "))
}
