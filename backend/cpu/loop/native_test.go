package loop

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/loop/x86"
)

// compiled is a program as machine code.
func compiled(t *testing.T, p *Program) *Program {
	t.Helper()
	if level.Highest() < level.AVX2 {
		t.Skip("no AVX2")
	}
	if p.compile(); !p.Native() {
		t.Skip("no executable memory")
	}
	return p
}

// flags is a program that machine code is much faster for, on any processor.
func flags() *Program {
	p := &Program{}
	x, c := p.Leaf(), p.BoolLeaf()
	p.Return(p.Logic(And, p.Not(p.Compare(Less, x, p.Const(0.5))), c))
	return p
}

func TestCompileNeedsAVX2(t *testing.T) {
	p := flags()
	p.Compile()
	if use, _ := level.Current(); p.Native() && use < level.AVX2 {
		t.Errorf("machine code at level %v", use)
	}
}

func TestPays(t *testing.T) {
	adds := &Program{}
	adds.Return(adds.Combine(vec.OpAdd, adds.Combine(vec.OpAdd, adds.Leaf(), adds.Leaf()), adds.Leaf()))
	add := &Program{}
	add.Return(add.Combine(vec.OpAdd, add.Leaf(), add.Leaf()))
	power := &Program{}
	power.Return(power.Combine(vec.OpPow, power.Apply(vec.FuncAbs, power.Leaf(), 0, 0), power.Leaf()))
	leaf := &Program{}
	leaf.Return(leaf.Leaf())
	for _, c := range []struct {
		name       string
		p          *Program
		avx2, wide bool
	}{
		{"flags", flags(), true, true}, {"add+add", adds, true, true}, {"chain", chain(), true, false}, {"add", add, false, false},
		{"pow", power, false, false}, {"copy", leaf, false, false},
	} {
		if got := c.p.pays(level.AVX2); got != c.avx2 {
			t.Errorf("%s: %v with AVX2", c.name, got)
		}
		if got := c.p.pays(level.AVX512); got != c.wide {
			t.Errorf("%s: %v with AVX-512", c.name, got)
		}
	}
}

func TestWithoutCode(t *testing.T) {
	wide := &Program{}
	sum := wide.Leaf()
	for range maxLeaves {
		sum = wide.Combine(vec.OpAdd, sum, wide.Leaf())
	}
	wide.Return(sum)
	many := &Program{}
	x := many.Leaf()
	var values []Value
	for k := range 20 {
		values = append(values, many.Combine(vec.OpMul, x, many.Const(float32(k))))
	}
	sum = values[0]
	for k := range values {
		sum = many.Combine(vec.OpSub, values[len(values)-1-k], sum)
	}
	many.Return(sum)
	sine := &Program{}
	sine.Return(sine.Apply(vec.FuncSin, sine.Leaf(), 0, 0))
	call := &Program{}
	call.Return(call.Call("floor", func(dst, x []float32) {}, call.Leaf()))
	for _, c := range []struct {
		p    *Program
		want string
	}{
		{wide, "9 operands, at most 8 have code"}, {many, errRegisters.Error()}, {sine, "no code for sin"}, {call, "no code for floor"},
	} {
		if _, err := c.p.emit(0); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	check(t, rand.New(rand.NewPCG(1, 1)), many, []int{3, 700})
}

// TestManyLeavesAreReadAgain has a program that has no register left for leaves that it uses twice.
func TestManyLeavesAreReadAgain(t *testing.T) {
	p := &Program{}
	var leaves []Value
	for range maxLeaves {
		leaves = append(leaves, p.Leaf())
	}
	var values []Value
	for k := range 11 {
		values = append(values, p.Combine(vec.OpMul, leaves[k%maxLeaves], leaves[(3*k+1)%maxLeaves]))
	}
	sum := p.Combine(vec.OpAdd, leaves[0], leaves[1])
	for k := range values {
		sum = p.Combine(vec.OpSub, values[len(values)-1-k], sum)
	}
	p.Return(sum)
	check(t, rand.New(rand.NewPCG(1, 2)), compiled(t, p), []int{3, 700})
}

func TestEmittedCode(t *testing.T) {
	p := &Program{}
	x, c := p.Leaf(), p.BoolLeaf()
	p.Return(p.Choose(c, p.Combine(vec.OpMul, x, p.Const(2)), x))
	k := &block{writer: &writer{buffer: &x86.Buffer{}}, program: p}
	if err := k.body(); err != nil {
		t.Fatal(err)
	}
	if err := k.finish(nil); err != nil {
		t.Fatal(err)
	}
	want := `vmovups ymm0,YMMWORD PTR [rsi+rdx*4]
vmulps ymm1,ymm0,YMMWORD PTR [pool 0]
vpmovzxbd ymm2,QWORD PTR [rbx+rdx*1]
vpcmpgtd ymm2,ymm2,YMMWORD PTR [pool 1]
vblendvps ymm0,ymm0,ymm1,ymm2
vmovups YMMWORD PTR [rdi+rdx*4],ymm0
`
	if got := k.buffer.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTails has all numbers of elements in a rest, and memory around the operands that must not change.
func TestTails(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for n := range 70 {
		for _, p := range []*Program{flags(), chain(), random(r, 8, false)} {
			check(t, r, p, []int{n})
		}
	}
	p := compiled(t, flags())
	for n := 1; n < 20; n++ {
		w := p.Bind([]int{n}, [][]int{{1}, {1}})
		numbers, bools := make([]float32, n), make([]bool, n)
		for i := range n {
			numbers[i], bools[i] = 1, true
		}
		dst := make([]bool, n+16)
		w.Run(&Frame{}, Operand{Bools: dst[8 : 8+n]}, []Operand{{Numbers: numbers}, {Bools: bools}}, 0, n)
		for i, v := range dst {
			if v != (i >= 8 && i < 8+n) {
				t.Fatalf("%d elements: %v at %d", n, v, i-8)
			}
		}
	}
}

// TestSessions runs a program on many goroutines at once, with shapes that need different code.
func TestSessions(t *testing.T) {
	p := compiled(t, chain())
	var group sync.WaitGroup
	for g := range 16 {
		group.Go(func() {
			n := 1000 + 777*g
			strides := [][]int{{1}, {g % 2}}
			x, y, dst := make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range n {
				x[i], y[i] = float32(i%7), 2
			}
			f := &Frame{}
			for range 20 {
				p.Bind([]int{n}, strides).Run(f, Operand{Numbers: dst}, []Operand{{Numbers: x}, {Numbers: y}}, 0, n)
			}
			want := make([]float32, 7)
			for i := range want {
				want[i] = (float32(i)+2)*0.5 - float32(i)
			}
			vec.FuncTanh.ApplyAt(level.AVX2, want, want, 0, 0)
			for i, v := range dst {
				if v != want[i%7] {
					t.Errorf("element %d is %v, want %v", i, v, want[i%7])
					return
				}
			}
		})
	}
	group.Wait()
}

func TestNativeAllocatesNothing(t *testing.T) {
	p := compiled(t, chain())
	shape := []int{8, 300}
	w := p.Bind(shape, [][]int{{300, 1}, {0, 1}})
	leaves := []Operand{{Numbers: make([]float32, w.Len())}, {Numbers: make([]float32, 300)}}
	dst, f := Operand{Numbers: make([]float32, w.Len())}, &Frame{}
	if n := testing.AllocsPerRun(10, func() { w.Run(f, dst, leaves, 0, w.Len()) }); n != 0 && !race.Enabled {
		t.Errorf("%v allocations", n)
	}
}

// TestShortOperands checks that machine code reads nothing outside of operands that are shorter than they ought to be.
func TestShortOperands(t *testing.T) {
	p := compiled(t, chain())
	w := p.Bind([]int{100}, [][]int{{1}, {1}})
	defer func() {
		if e, ok := recover().(error); !ok || !strings.Contains(e.Error(), "out of range") {
			t.Errorf("a short operand gave %v", e)
		}
	}()
	w.Run(&Frame{}, Operand{Numbers: make([]float32, 100)}, []Operand{{Numbers: make([]float32, 100)}, {Numbers: make([]float32, 99)[:99:99]}}, 0, 100)
	t.Error("a short operand was read")
}
