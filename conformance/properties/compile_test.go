package properties

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// growing are models of any size: build makes about n nodes from x, [batch, rows, 16].
var growing = []struct {
	name  string
	build func(m *model, x string, n int) string
}{
	{"layers", steps(func(m *model, x string, i int) string { // of a transformer
		s := spellings[i%3]
		w := func() *tensor.Tensor { return normal(seeded(uint64(i)), 0.1, 16, 16) }
		b := block{spelling: s, heads: 2, size: 8, wq: w(), wk: w(), wv: w(), wo: w(), causal: true}
		b.turn = func(x string) string { return rotateHalves(m, x, m.positions(x), 8) }
		x = m.op("Add", x, m.selfAttention(m.rmsNorm(x), b))
		h := m.op("MatMul", m.rmsNorm(x), m.constant(w()))
		h = m.op("Mul", m.op("Mul", h, m.float(0.5)), m.op("Add", m.op("Erf", m.op("Div", h, m.float(math.Sqrt2))), m.float(1)))
		return m.op("Add", x, m.op("MatMul", h, m.constant(w())))
	})},
	{"functions", steps(func(m *model, x string, i int) string { // one after another
		return m.op([]string{"Tanh", "Sigmoid", "Relu", "Neg", "Exp"}[i%5], x)
	})},
	{"sums", steps(func(m *model, x string, i int) string { // with constants
		return m.op("Add", m.op("Mul", x, m.float(1.25)), m.float(0.5))
	})},
	{"shapes", steps(func(m *model, x string, i int) string { // there and back
		dim := func(k int64) string { return m.op("Unsqueeze", m.size(x, k), m.ints(0)) }
		y := m.op("Reshape", x, m.op("Concat", m.op("Mul", dim(0), dim(1)), m.ints(16), attrInt("axis", 0)))
		return m.op("Reshape", m.op("Tanh", y), m.op("Concat", dim(0), dim(1), m.ints(-1), attrInt("axis", 0)))
	})},
	{"transposes", steps(func(m *model, x string, i int) string {
		return m.transpose(m.op("Mul", m.transpose(x, 0, 2, 1), m.float(1.5)), 0, 2, 1)
	})},
	{"shared", steps(func(m *model, x string, i int) string { // one constant everywhere
		return m.op("Tanh", m.op("Add", x, m.once("shared", func() string { return m.constant(normal(seeded(2), 1, 16)) })))
	})},
	{"products", steps(func(m *model, x string, i int) string {
		return m.op("Mul", x, m.once("factor", func() string { return m.op("Tanh", m.graph.Inputs[0].Name) }))
	})},
	{"terms", steps(func(m *model, x string, i int) string {
		return m.op("Add", x, m.op("Mul", m.graph.Inputs[0].Name, m.float(float64(i))))
	})},
	{"halves", steps(func(m *model, x string, i int) string { // of the rows change places
		n := m.op("Unsqueeze", m.size(x, 1), m.ints(0))
		half := m.op("Div", n, m.ints(2))
		return m.op("Concat", m.op("Slice", x, half, n, m.ints(1)), m.op("Slice", x, m.ints(0), half, m.ints(1)), attrInt("axis", 1))
	})},
	{"wide", steps(func(m *model, x string, i int) string { // many uses of one value, all rewritten
		return m.op("Add", m.op("Mul", m.float(float64(i)), m.graph.Inputs[0].Name), x)
	})},
	{"casts", steps(func(m *model, x string, i int) string {
		return m.op("Cast", m.op("Cast", x, attrInt("to", int64(tensor.Float64))), attrInt("to", int64(tensor.Float32)))
	})},
	{"outputs", steps(func(m *model, x string, i int) string { // of every step
		y := m.op("Identity", m.op("Mul", m.op("Tanh", x), m.float(1)))
		m.graph.Outputs = append(m.graph.Outputs, &proto.ValueInfo{Name: y})
		return y
	})},
	{"unused", steps(func(m *model, x string, i int) string {
		m.op("Exp", m.op("Add", m.graph.Inputs[0].Name, m.op("Neg", x)))
		return m.op("Tanh", x)
	})},
	{"branches", steps(func(m *model, x string, i int) string { // that meet again
		return m.op("Add", m.op("Sub", x, m.op("Tanh", x)), m.op("Mul", x, m.op("Sigmoid", x)))
	})},
	{"pieces", func(m *model, x string, n int) string { // of a value, put together again
		parts := m.ops(n, "Split", m.input("long", tensor.Float32, 2*n, 16), attrInt("axis", 0), attrInt("num_outputs", int64(n)))
		all := []any{attrInt("axis", 0)}
		for i, p := range parts {
			if i%2 == 0 {
				p = m.op("Tanh", p)
			}
			all = append(all, p)
		}
		return m.op("Concat", all...)
	}},
	{"unrolled", func(m *model, x string, n int) string { // a recurrent cell
		n /= 5
		in := m.input("sequence", tensor.Float32, "batch", n, 16)
		w, u := m.constant(normal(seeded(1), 0.1, 16, 16)), m.constant(normal(seeded(2), 0.1, 16, 16))
		h := m.op("ReduceMean", x, m.ints(1), attrInt("keepdims", 0))
		all := []any{attrInt("axis", 1)}
		for i := range n {
			xt := m.op("Gather", in, m.int(int64(i)), attrInt("axis", 1))
			h = m.op("Tanh", m.op("Add", m.op("MatMul", xt, w), m.op("MatMul", h, u)))
			all = append(all, m.op("Unsqueeze", h, m.ints(1)))
		}
		return m.op("Concat", all...)
	}},
	{"then split", func(m *model, _ string, n int) string { // an axis that was merged for all of it
		in := m.input("heads", tensor.Float32, "batch", 2, "rows", 16)
		dim := func(i int64) string { return m.op("Unsqueeze", m.size(in, i), m.ints(0)) }
		x := m.op("Reshape", in, m.op("Concat", m.ints(-1), dim(2), m.ints(16), attrInt("axis", 0)))
		for range n {
			x = m.op("Tanh", x)
		}
		return m.op("Reshape", x, m.op("Shape", in))
	}},
}

// steps adds one step after another.
func steps(step func(m *model, x string, i int) string) func(m *model, x string, n int) string {
	return func(m *model, x string, n int) string {
		for i := 0; len(m.graph.Nodes) < n; i++ {
			x = step(m, x, i)
		}
		return x
	}
}

// once is a value that is made at the first call.
func (m *model) once(name string, make func() string) string {
	if m.made == nil {
		m.made = map[string]string{}
	}
	if m.made[name] == "" {
		m.made[name] = make()
	}
	return m.made[name]
}

func (m *model) rmsNorm(x string) string {
	v := m.op("Add", m.op("ReduceMean", m.op("Pow", x, m.float(2)), m.ints(-1)), m.float(1e-6))
	return m.op("Mul", m.constant(normal(seeded(1), 1, 16)), m.op("Mul", x, m.op("Reciprocal", m.op("Sqrt", v))))
}

// grown is a model of about n nodes.
func grown(t testing.TB, build func(m *model, x string, n int) string, n int) *proto.Model {
	m := newModel(t)
	x := build(m, m.input("x", tensor.Float32, "batch", "rows", 16), n)
	m.graph.Outputs = append(m.graph.Outputs, &proto.ValueInfo{Name: x})
	return &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 23}}, Graph: &m.graph}
}

// TestCompileGrowth counts what importing and optimising takes: rewrites, nodes that passes look at, and allocations, all in proportion to the size
// of a model.
func TestCompileGrowth(t *testing.T) {
	const small, large = 600, 2400
	for _, g := range growing {
		t.Run(g.name, func(t *testing.T) {
			a, b := measure(t, grown(t, g.build, small)), measure(t, grown(t, g.build, large))
			for i, what := range []string{"rewrites", "visits", "allocations", "allocated bytes"} {
				if limit := 1.15 * float64(large) / small * a[i]; b[i] > limit {
					t.Errorf("%v %s for %d nodes, %v for %d", a[i], what, small, b[i], large)
				}
			}
			t.Logf("a node: %.1f rewrites, %.0f visits, %.0f allocations, %.0f bytes", b[0]/large, b[1]/large, b[2]/large, b[3]/large)
		})
	}
}

// measure is the rewrites, visits, allocations and allocated bytes of a compilation.
func measure(t *testing.T, m *proto.Model) [4]float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	var first, second passes.Report
	runtime.ReadMemStats(&before)
	g, err := onnx.Import(m)
	if err != nil {
		t.Fatal(err)
	}
	n, err := passes.Optimize(g, passes.Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if g, err = onnx.Import(m); err != nil {
		t.Fatal(err)
	}
	again := func(report *passes.Report, want int) {
		if n, err := passes.Optimize(g, passes.Options{Report: report}); err != nil || n != want {
			t.Errorf("%d rewrites, want %d (%v)", n, want, err)
		}
	}
	again(&first, n)
	again(&second, 0) // what is optimised stays as it is
	return [4]float64{float64(n), float64(first.Visits()), float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}
}

// BenchmarkCompile imports models of several sizes and runs the passes; ns/node must not grow.
func BenchmarkCompile(b *testing.B) {
	for _, g := range growing {
		for _, n := range []int{1000, 10_000, 100_000} {
			b.Run(fmt.Sprint(g.name, "/", n), func(b *testing.B) {
				model := grown(b, g.build, n)
				b.ResetTimer()
				for range b.N {
					compileOnce(b, model)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(model.Graph.Nodes)), "ns/node")
			})
		}
	}
}

// BenchmarkCompileZoo imports the models of GOCOMPILE_ZOO and runs the passes.
func BenchmarkCompileZoo(b *testing.B) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("GOCOMPILE_ZOO"), "*", "model.onnx"))
	for _, file := range files {
		b.Run(filepath.Base(filepath.Dir(file)), func(b *testing.B) {
			f, err := proto.Open(file)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			for range b.N {
				compileOnce(b, f.Model)
			}
			b.ReportMetric(float64(len(f.Graph.Nodes)), "nodes")
		})
	}
}

func compileOnce(b *testing.B, m *proto.Model) {
	g, err := onnx.Import(m)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := passes.Optimize(g, passes.Options{}); err != nil {
		b.Fatal(err)
	}
}
