package conformance

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

var (
	hostileInts   = []int64{-1, 0, 3, 1 << 31, 1 << 62, math.MinInt64}
	hostileFloats = []float32{-1, 0, 1e38, float32(math.NaN()), float32(math.Inf(1))}
)

// hostile calls f with the model and inputs of a case again and again, each time with one number of an attribute or of a small integer input
// replaced by another.
func hostile(t *testing.T, c *Case, f func(what string, model []byte, inputs map[string]tensor.Value)) {
	m, err := proto.Decode(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	in, _, err := c.Decode(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	try := func(format string, args ...any) {
		f(fmt.Sprintf(format, args...), m.Encode(), in.Map())
	}
	for _, n := range m.Graph.Nodes {
		for _, a := range n.Attributes {
			switch a.Type {
			case proto.AttrInt:
				was := a.I
				for _, a.I = range hostileInts {
					try("%s.%s = %d", n.OpType, a.Name, a.I)
				}
				a.I = was
			case proto.AttrFloat:
				was := a.F
				for _, a.F = range hostileFloats {
					try("%s.%s = %v", n.OpType, a.Name, a.F)
				}
				a.F = was
			case proto.AttrInts:
				was := a.Ints
				for i := range a.Ints {
					a.Ints = append([]int64(nil), was...)
					for _, a.Ints[i] = range hostileInts {
						try("%s.%s = %d", n.OpType, a.Name, a.Ints)
					}
				}
				a.Ints = nil
				try("%s.%s is empty", n.OpType, a.Name)
				a.Ints = was
			}
		}
	}
	for k, item := range in.Items {
		x, ok := item.(*tensor.Tensor)
		if !ok || x.DType() != tensor.Int64 || x.Len() > 8 {
			continue
		}
		for i := range x.Len() {
			for _, v := range hostileInts {
				y := x.Clone()
				tensor.Data[int64](y)[i] = v
				in.Items[k] = y
				try("input %s = %v", in.Names[k], tensor.Data[int64](y))
			}
		}
		in.Items[k] = item
	}
}

// Whatever numbers the attributes and integer inputs of an operator have, a run gives results or an error: no panic, no memory beyond the limit
// but that of results, and it ends when it is cancelled: one that does not keeps the test from ending.
func TestHostileNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of runs")
	}
	seen := map[string]bool{}
	runs, refused := 0, 0
	for _, c := range suite(t) {
		if strings.Contains(c.Name, "_expanded") || c.Group == "exporters" {
			continue
		}
		hostile(t, c, func(what string, model []byte, in map[string]tensor.Value) {
			if seen[c.Operator()+what] {
				return
			}
			seen[c.Operator()+what] = true
			for _, o := range [][]gocompile.Option{{gocompile.WithMemoryLimit(64 << 20)}, {gocompile.WithMemoryLimit(64 << 20), gocompile.WithoutPasses()}} {
				ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := Runtime{"", compiled(o...)}.Safe(ctx, model, in)
				stop()
				runtime.ReadMemStats(&after)
				runs++
				if err != nil {
					refused++
				}
				if err != nil && strings.Contains(err.Error(), "PANIC") {
					t.Errorf("%s: %s: %.600s", c.Name, what, err)
				}
				if n := int64(after.HeapSys) - int64(before.HeapSys); n > 256<<20 {
					t.Errorf("%s: %s: %d MB", c.Name, what, n>>20)
				}
			}
		})
	}
	if refused < runs/4 || refused == runs {
		t.Errorf("%d of %d runs are refused", refused, runs)
	}
}
