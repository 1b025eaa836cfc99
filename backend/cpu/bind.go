package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// bindable is a kernel that prepares itself for operands of certain shapes. A session binds a step when it runs it for the first time under a
// plan, and keeps what bind returns as long as the plan: it is the session's own, may keep buffers and closures, and must allocate nothing
// when it runs. Bind may read shapes, and contents of those inputs that [reading] names.
type bindable interface {
	kernel
	bind(x *exec, in, out []*tensor.Tensor) (kernel, error)
}

// onceBound is a bindable kernel that, once bound, takes operands whose elastic dimensions are others. See [plan].
type onceBound interface{ bindsOnce() }

func bindsOnce(k kernel) bool {
	if r, ok := k.(reading); ok {
		return r.once
	}
	_, ok := k.(onceBound)
	return ok
}

// inPlacer is a kernel whose first result may lie exactly where an input lies that is not needed any more.
type inPlacer interface {
	kernel
	inPlace() []int // the inputs, of the same size as the result, whose memory may be taken over
}

// binder is a bindable function.
type binder func(x *exec, in, out []*tensor.Tensor) (kernel, error)

func (b binder) bind(x *exec, in, out []*tensor.Tensor) (kernel, error) { return b(x, in, out) }

// run binds and runs, for operands whose shapes or contents differ from run to run.
func (b binder) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(b, x, in, out) }

func bindAndRun(b bindable, x *exec, in, out []*tensor.Tensor) error {
	k, err := b.bind(x, in, out)
	if err != nil {
		return err
	}
	return k.run(x, in, out)
}

// reading is a binder that reads the contents of some inputs. Where those differ from run to run, it binds in every run.
type reading struct {
	binder
	contents []int
	once     bool // see [onceBound]
}

// bind is a kernel of a binder that reads the contents of some inputs.
func bind(n *ir.Node, b binder, contents ...int) reading {
	return reading{binder: b, contents: slices.DeleteFunc(contents, func(i int) bool { return n.Input(i) == nil })}
}

// kernelFunc is a kernel without state of its own.
type kernelFunc func(x *exec, in, out []*tensor.Tensor) error

func (f kernelFunc) run(x *exec, in, out []*tensor.Tensor) error { return f(x, in, out) }

// share is the work, in nanoseconds on one thread, that is worth handing to another thread.
const share = 8000

// divide calls body on ranges of [0, n), on several threads if the whole takes long enough; cost is that of one item in nanoseconds.
func (x *exec) divide(n int, cost float64, body func(lo, hi int)) {
	if grain := int(share / max(cost, 1e-3)); grain < n {
		x.pool.ParallelFor(n, max(1, grain), body)
	} else if n > 0 {
		body(0, n)
	}
}
