package loop

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/loop/code"
)

// Tile is the number of elements that an instruction works on at a time.
const Tile = 1024

// shortLine is the length of lines below which several lines make a tile.
const shortLine = 512

// Walk is a program resolved for a shape. It is read-only, and may run on any number of goroutines, each with a [Frame] of its own.
type Walk struct {
	shape   []int   // of the result, neighbours merged
	strides [][]int // by operand, in elements; 0 where it is repeated
	n       int
	lines   int // lines of a tile; 0: a tile is a part of a line
	ops     []op
	regs    int // registers, of a tile each
	leaves  int
	tile    int        // elements of a tile
	text    *code.Code // machine code of all but loads; nil if ops are interpreted
	sources []source   // by leaf, for machine code
	flags   bool       // the result is of bools
	factors *factors   // what is done instead of all that, if not nil
}

// op is an instruction with registers.
type op struct {
	*instr
	x, y, z operand
	dst     int // register, −1: the result
}

// operand says where a value is found.
type operand struct {
	mode mode
	i    int // register or leaf
	v    float32
}

type mode uint8

const (
	inRegister mode = iota
	inPlace         // a leaf that lies in the order of the result
	scalar          // a leaf, the same for the whole tile
	immediate
)

// load fills a register from a leaf that lies in another order.
var load = instr{kind: leaf}
var loadBool = instr{kind: leaf, bool: true}

// Bind resolves a program for a dense result of some shape. Strides are those of each operand along its axes, in elements, 0 where the
// operand is repeated.
func (p *Program) Bind(shape []int, strides [][]int) *Walk {
	if len(strides) != p.leaves {
		panic(fmt.Sprintf("BUG: loop: strides of %d operands for %d", len(strides), p.leaves))
	}
	w := &Walk{n: 1, leaves: p.leaves, strides: make([][]int, p.leaves), tile: Tile, flags: p.IsBool(p.result)}
	w.merge(shape, strides)
	if w.factors = w.factorsOf(p); w.factors != nil {
		return w
	}
	line := w.shape[len(w.shape)-1]
	if line > 0 && line < shortLine && len(w.shape) > 1 {
		w.lines = Tile / line
	}
	if w.bindNative(p) {
		return w
	}
	a := &assigner{program: p, walk: w, where: make([]operand, len(p.code)), last: make([]int, len(p.code))}
	a.assign()
	return w
}

// merge drops axes of size 1 and joins neighbours along which all operands lie evenly.
func (w *Walk) merge(shape []int, strides [][]int) {
	for axis, d := range shape {
		w.n *= d
		if d == 1 {
			continue
		}
		l := len(w.shape) - 1
		even := l >= 0
		for k := range strides {
			even = even && w.strides[k][l] == strides[k][axis]*d
		}
		if even {
			w.shape[l] *= d
			for k := range strides {
				w.strides[k][l] = strides[k][axis]
			}
			continue
		}
		w.shape = append(w.shape, d)
		for k := range strides {
			w.strides[k] = append(w.strides[k], strides[k][axis])
		}
	}
	if len(w.shape) == 0 {
		w.shape = []int{1}
		for k := range strides {
			w.strides[k] = []int{0}
		}
	}
}

// Len is the number of elements of the result.
func (w *Walk) Len() int { return w.n }

// mode is how a leaf is read.
func (w *Walk) mode(k int) mode {
	strides := w.strides[k]
	last := len(strides) - 1
	if w.lines == 0 {
		switch strides[last] {
		case 0:
			return scalar
		case 1:
			return inPlace
		}
		if w.shape[last] <= 1 {
			return scalar
		}
		return inRegister
	}
	zero, step, even := true, 1, true
	for i := last; i >= 0; i-- {
		zero = zero && strides[i] == 0
		even = even && strides[i] == step
		step *= w.shape[i]
	}
	switch {
	case zero:
		return scalar
	case even:
		return inPlace
	}
	return inRegister
}

// assigner gives values registers.
type assigner struct {
	program *Program
	walk    *Walk
	where   []operand
	last    []int // the last instruction that uses a value
	free    []int
}

func (a *assigner) assign() {
	p, w := a.program, a.walk
	for v := range p.code {
		for _, x := range p.code[v].args() {
			a.last[x] = v
		}
	}
	a.last[p.result] = len(p.code)
	for v := range p.code {
		i := &p.code[v]
		switch i.kind {
		case leaf:
			a.leaf(Value(v), i)
			continue
		case constant:
			a.where[v] = operand{mode: immediate, v: i.a}
			continue
		}
		o := op{instr: i, dst: -1}
		for k, x := range i.args() {
			*[]*operand{&o.x, &o.y, &o.z}[k] = a.where[x]
		}
		for k, x := range i.args() {
			if a.last[x] == v && a.where[x].mode == inRegister && !repeated(i.args()[:k], x) {
				a.free = append(a.free, a.where[x].i)
			}
		}
		if Value(v) != p.result {
			// A bool takes a byte and a number four, so only results of the same type may take an operand's place. Elsewhere a register
			// that was just freed could be overwritten before it is read.
			o.dst = a.register(i)
			a.where[v] = operand{mode: inRegister, i: o.dst}
		}
		w.ops = append(w.ops, o)
	}
	if r := &p.code[p.result]; r.kind == leaf || r.kind == constant {
		w.ops = append(w.ops, op{instr: &instr{kind: choose, bool: r.bool}, x: operand{mode: immediate, v: 1}, y: a.where[p.result], z: a.where[p.result], dst: -1})
	}
}

func repeated(args []Value, x Value) bool {
	for _, a := range args {
		if a == x {
			return true
		}
	}
	return false
}

// register takes a free register for the result of an instruction.
func (a *assigner) register(i *instr) int {
	n := len(a.free)
	if n > 0 && !a.mixed(i) {
		r := a.free[n-1]
		a.free = a.free[:n-1]
		return r
	}
	a.walk.regs++
	return a.walk.regs - 1
}

// mixed reports whether an instruction reads and writes elements of different sizes.
func (a *assigner) mixed(i *instr) bool {
	for _, x := range i.args() {
		if a.program.code[x].bool != i.bool {
			return true
		}
	}
	return false
}

func (a *assigner) leaf(v Value, i *instr) {
	m := a.walk.mode(i.n)
	if m != inRegister {
		a.where[v] = operand{mode: m, i: i.n}
		return
	}
	a.where[v] = operand{mode: inRegister, i: a.walk.load(i)}
}

// load adds an instruction that fills a register from a leaf, and returns the register.
func (w *Walk) load(i *instr) int {
	l := &load
	if i.bool {
		l = &loadBool
	}
	w.ops = append(w.ops, op{instr: l, x: operand{i: i.n}, dst: w.regs})
	w.regs++
	return w.regs - 1
}
