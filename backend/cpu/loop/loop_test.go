package loop

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// value is a number or a bool.
type value struct {
	number float32
	flag   bool
}

// element evaluates a program for one element, the obvious way, with the functions of a level.
func (p *Program) element(l level.Level, leaves []value) value {
	values := make([]value, len(p.code))
	for v := range p.code {
		i := &p.code[v]
		x := func(k Value) float32 { return values[k].number }
		b := func(k Value) bool { return values[k].flag }
		one, arg := []float32{0}, []float32{values[i.x].number}
		switch i.kind {
		case leaf:
			values[v] = leaves[i.n]
		case constant:
			values[v].number = i.a
		case apply:
			i.fn.ApplyAt(l, one, arg, i.a, i.b)
			values[v].number = one[0]
		case call:
			i.f(one, arg)
			values[v].number = one[0]
		case combine:
			i.op.VSAt(l, one, arg, x(i.y))
			values[v].number = one[0]
		case compare:
			values[v].flag = [...]bool{x(i.x) == x(i.y), x(i.x) != x(i.y), x(i.x) < x(i.y), x(i.x) <= x(i.y)}[i.cmp]
		case logic:
			values[v].flag = [...]bool{b(i.x) && b(i.y), b(i.x) || b(i.y), b(i.x) != b(i.y)}[i.log]
		case not:
			values[v].flag = !b(i.x)
		case choose:
			if values[v] = values[i.z]; b(i.x) {
				values[v] = values[i.y]
			}
		case number:
			if b(i.x) {
				values[v].number = 1
			}
		}
	}
	return values[p.result]
}

// random makes a program of some instructions that uses all kinds, calls of functions outside package vec only if asked to.
func random(r *rand.Rand, size int, calls bool) *Program {
	p := &Program{}
	var numbers, flags []Value
	pick := func(from []Value) Value { return from[r.IntN(len(from))] }
	numbers = append(numbers, p.Leaf(), p.Const(float32(r.NormFloat64())))
	flags = append(flags, p.BoolLeaf())
	for range r.IntN(4) {
		if r.IntN(2) == 0 {
			numbers = append(numbers, p.Leaf())
		} else {
			flags = append(flags, p.BoolLeaf())
		}
	}
	for range size {
		switch r.IntN(9) {
		case 0:
			numbers = append(numbers, p.Apply(vec.Func(r.IntN(int(vec.FuncSign)+1)), pick(numbers), float32(r.NormFloat64()), float32(r.NormFloat64())))
		case 1:
			numbers = append(numbers, p.Apply(vec.FuncClip, pick(numbers), -1, 1))
		case 2:
			if !calls {
				numbers = append(numbers, p.Apply(vec.FuncTanh, pick(numbers), 0, 0))
				break
			}
			numbers = append(numbers, p.Call("floor", func(dst, x []float32) {
				for i, v := range x {
					dst[i] = float32(math.Floor(float64(v)))
				}
			}, pick(numbers)))
		case 3:
			flags = append(flags, p.Compare(Comparison(r.IntN(4)), pick(numbers), pick(numbers)))
		case 4:
			flags = append(flags, p.Logic(Logic(r.IntN(3)), pick(flags), pick(flags)), p.Not(pick(flags)))
		case 5:
			numbers = append(numbers, p.Choose(pick(flags), pick(numbers), pick(numbers)))
		case 6:
			flags = append(flags, p.Choose(pick(flags), pick(flags), pick(flags)))
		case 7:
			numbers = append(numbers, p.Number(pick(flags)))
		default:
			numbers = append(numbers, p.Combine([]vec.Op{vec.OpAdd, vec.OpSub, vec.OpMul, vec.OpDiv, vec.OpMin, vec.OpMax}[r.IntN(6)], pick(numbers), pick(numbers)))
		}
	}
	if r.IntN(4) == 0 {
		p.Return(flags[len(flags)-1])
	} else {
		p.Return(numbers[len(numbers)-1])
	}
	return p
}

var shapes = [][]int{{}, {1}, {7}, {1023}, {1024}, {1025}, {3, 700}, {5, 3}, {40, 33}, {2, 3, 4, 5}, {3, 1, 513}, {4, 511}, {600, 2}, {0, 5}, {2, 0}, {1, 6, 1, 7}, {2, 1100, 3}}

var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 88.5, -103.5, 1e-40, -1e-45, 3e38, -3e38, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}

// randomOperand is a random operand that broadcasts to a shape, with its strides.
func randomOperand(r *rand.Rand, shape []int, bools bool) (Operand, []int) {
	strides := make([]int, len(shape))
	n := 1
	order := make([]int, len(shape))
	for i := range order {
		order[i] = len(shape) - 1 - i
	}
	if r.IntN(4) == 0 {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	dense := r.IntN(3) == 0
	for _, axis := range order {
		if dense || r.IntN(3) > 0 {
			strides[axis] = n
			n *= shape[axis]
		}
	}
	o := Operand{}
	if bools {
		o.Bools = make([]bool, n)
		for i := range o.Bools {
			o.Bools[i] = r.IntN(2) == 0
		}
		return o, strides
	}
	o.Numbers = make([]float32, n)
	for i := range o.Numbers {
		o.Numbers[i] = float32(r.NormFloat64() * 2)
		if r.IntN(20) == 0 {
			o.Numbers[i] = special[r.IntN(len(special))]
		}
	}
	return o, strides
}

// check compares walks, interpreted and as machine code, with the evaluation of each element.
func check(t *testing.T, r *rand.Rand, p *Program, shape []int) {
	t.Helper()
	use, _ := level.Current()
	checkWalk(t, r, p, shape, use)
	if level.Highest() < level.AVX2 {
		return
	}
	native := *p
	native.compile()
	if native.Native() {
		checkWalk(t, r, &native, shape, level.AVX2)
	} else if _, err := p.emit(0); err == nil {
		t.Error("there is code, but it cannot be run")
	}
}

func checkWalk(t *testing.T, r *rand.Rand, p *Program, shape []int, l level.Level) {
	t.Helper()
	var leaves []Operand
	var strides [][]int
	for v := range p.code {
		if i := &p.code[v]; i.kind == leaf {
			o, s := randomOperand(r, shape, i.bool)
			leaves, strides = append(leaves, o), append(strides, s)
		}
	}
	w := p.Bind(shape, strides)
	dst := Operand{Numbers: make([]float32, w.Len()), Bools: make([]bool, w.Len())}
	want := make([]value, w.Len())
	for i := range want {
		at := make([]value, len(leaves))
		for k, o := range leaves {
			pos, rest := 0, i
			for axis := len(shape) - 1; axis >= 0; axis-- {
				pos += rest % shape[axis] * strides[k][axis]
				rest /= shape[axis]
			}
			if o.Numbers != nil {
				at[k].number = o.Numbers[pos]
			} else {
				at[k].flag = o.Bools[pos]
			}
		}
		want[i] = p.element(l, at)
	}
	f := &Frame{}
	if r.IntN(3) == 0 { // exactly the memory of an operand
		for k, o := range leaves {
			if w.mode(k) == inPlace && len(o.Numbers) == w.Len() && slices.Equal(strides[k], rowMajor(shape)) {
				dst.Numbers = o.Numbers
				break
			}
		}
	}
	for lo := 0; lo < w.Len(); {
		hi := min(w.Len(), lo+1+r.IntN(3000))
		w.Run(f, dst, leaves, lo, hi)
		lo = hi
	}
	for i, x := range want {
		if p.IsBool(p.result) {
			if dst.Bools[i] != x.flag {
				t.Fatalf("native %v, shape %v, strides %v, element %d: got %v, want %v\n%v", p.Native(), shape, strides, i, dst.Bools[i], x.flag, p)
			}
		} else if g := dst.Numbers[i]; g != x.number && (g == g || x.number == x.number) {
			t.Fatalf("native %v, shape %v, strides %v, element %d: got %v, want %v\n%v", p.Native(), shape, strides, i, g, x.number, p)
		}
	}
}

func rowMajor(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

func TestRandomPrograms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		for _, shape := range shapes {
			check(t, r, random(r, r.IntN(12), r.IntN(3) == 0), shape)
		}
	}
}

func FuzzPrograms(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(6))
	f.Fuzz(func(t *testing.T, seed uint64, size, shape uint8) {
		r := rand.New(rand.NewPCG(seed, 7))
		check(t, r, random(r, int(size%24), r.IntN(4) == 0), shapes[int(shape)%len(shapes)])
	})
}

func TestString(t *testing.T) {
	p := &Program{}
	x, c := p.Leaf(), p.BoolLeaf()
	y := p.Combine(vec.OpMul, x, p.Const(0.5))
	p.Return(p.Choose(c, y, p.Apply(vec.FuncTanh, y, 0, 0)))
	want := "%0 = leaf 0\n%1 = bool-leaf 1\n%2 = const 0.5\n%3 = mul %0 %2\n%4 = tanh %3\n%5 = choose %1 %3 %4\nreturn %5\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := p.Verbs(); got != "mul+tanh+choose" {
		t.Errorf("verbs are %q", got)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := &Program{}
	p.Return(p.Apply(vec.FuncTanh, p.Combine(vec.OpAdd, p.Leaf(), p.Leaf()), 0, 0))
	shape := []int{8, 300}
	w := p.Bind(shape, [][]int{{300, 1}, {0, 1}})
	leaves := []Operand{{Numbers: make([]float32, w.Len())}, {Numbers: make([]float32, 300)}}
	dst, f := Operand{Numbers: make([]float32, w.Len())}, &Frame{}
	if n := testing.AllocsPerRun(10, func() { w.Run(f, dst, leaves, 0, w.Len()) }); n != 0 && !race.Enabled {
		t.Errorf("%v allocations", n)
	}
}
