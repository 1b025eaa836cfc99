package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/roof"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// chain is y = Exp(x · w), with names of nodes that tell modules.
func chain(t *testing.T) *gocompile.Model {
	t.Helper()
	dims := []proto.Dim{{Param: "n"}, {Value: 2, HasValue: true}}
	info := func(name string) *proto.ValueInfo {
		return &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true, Dims: dims}}
	}
	p := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: &proto.Graph{Name: "chain",
		Nodes: []*proto.Node{
			{Name: "/enc/fc/MatMul", OpType: "MatMul", Inputs: []string{"x", "w"}, Outputs: []string{"m"}},
			{Name: "/enc/Softmax", OpType: "Softmax", Inputs: []string{"m"}, Outputs: []string{"y"}},
		},
		Initializers: []*proto.Tensor{proto.FromTensor("w", tensor.Must([]float32{1, 2, 3, 4}, 2, 2))},
		Inputs:       []*proto.ValueInfo{info("x")}, Outputs: []*proto.ValueInfo{info("y")}}}
	m, err := gocompile.Compile(p.Encode(), gocompile.WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestTake(t *testing.T) {
	p, err := Take(context.Background(), chain(t), map[string]tensor.Value{"x": tensor.New(tensor.Float32, 3, 2)}, Options{Runs: 5, Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if p.Runs != 5 || p.Model != "chain" || len(p.Steps) != 2 || !(p.Median > 0) || !(p.Watched > 0) {
		t.Fatalf("got %+v", p)
	}
	if p.Flops != 2*3*2*2+4*6 {
		t.Errorf("%d operations", p.Flops)
	}
	p.Against(roof.Limits{Threads: 1, FMA: 1e9, Reads: []roof.Bandwidth{{Bytes: 1 << 20, Rate: 1e10}}})
	for _, s := range p.Steps {
		if s.Kernel != "matmul" {
			continue
		}
		// 24 operations at 1e9 a second take longer than 64 bytes at 1e10 a second.
		if math.Abs(s.Floor-24e-9) > 1e-15 || s.Bound != "arithmetic" || s.Calls != 1 || s.Constants != 16 || s.Values != 48 ||
			!slices.Equal(s.Modules, []string{"enc", "fc"}) || !slices.Equal(s.Nodes, []string{"MatMul /enc/fc/MatMul"}) {
			t.Errorf("got %+v", s)
		}
	}
	tree := p.Tree()
	if len(tree.Children) != 1 || tree.Children[0].Name != "enc" || len(tree.Children[0].Children) != 2 || tree.Children[0].Children[0].Children[0].Name != "MatMul" {
		t.Errorf("tree %+v", tree)
	}
	if sum := (p.Steps[0].Time + p.Steps[1].Time) * 1e6; math.Abs(tree.Value-sum) > 1e-6 || math.Abs(tree.Children[0].Value-sum) > 1e-6 {
		t.Errorf("the tree has %g µs, the steps %g", tree.Value, sum)
	}
}

// Operations on bytes are held against the peak of bytes, and the run against what its steps could reach together.
func TestAgainstBytes(t *testing.T) {
	p := &Profile{Steps: []*Step{{Flops: 100, Calls: 1}, {Flops: 400, Small: 400, Calls: 1}}}
	p.Against(roof.Limits{Threads: 1, FMA: 10, Dot: 40, Reads: []roof.Bandwidth{{Bytes: 1 << 20, Rate: 1e10}}})
	if p.Steps[0].Floor != 10 || p.Steps[1].Floor != 10 || p.Floor != 20 || p.Peak != 25 {
		t.Errorf("floors %v and %v, together %v, at a peak of %v", p.Steps[0].Floor, p.Steps[1].Floor, p.Floor, p.Peak)
	}
}

func TestTakeFails(t *testing.T) {
	if _, err := Take(context.Background(), chain(t), nil, Options{Runs: 5, Time: time.Minute}); err == nil {
		t.Error("a run without its input is no error")
	}
}

// The time of a step that owns a body is without that of the steps in it; steps that some runs do not have count as 0 there.
func TestRecorder(t *testing.T) {
	outer := &backend.Step{Name: "/Loop", Kernel: "eval loop"}
	inner := &backend.Step{Name: "/body/Add", Kernel: "loop(add)", Parent: outer}
	rare := &backend.Step{Kernel: "gather"}
	r := &recorder{}
	r.reset()
	run := func(events ...backend.Event) {
		r.events = events
		r.end(time.Second)
	}
	add := backend.Event{Step: inner, Duration: 10, Work: backend.Work{Flops: 7}}
	run(add, add, backend.Event{Step: outer, Duration: 25})
	run(add, add, backend.Event{Step: outer, Duration: 26}, backend.Event{Step: rare, Duration: 3})
	run(add, add, backend.Event{Step: outer, Duration: 27})
	p := r.profile(nil)
	want := map[string]Step{
		"loop(add)": {Calls: 2, Time: 20e-9, Flops: 14},
		"eval loop": {Calls: 1, Time: 6e-9},
		"gather":    {Calls: 1, Time: 0},
	}
	for _, s := range p.Steps {
		w := want[s.Kernel]
		if s.Calls != w.Calls || math.Abs(s.Time-w.Time) > 1e-15 || s.Flops != w.Flops {
			t.Errorf("%s: got %+v", s.Kernel, s)
		}
	}
	if len(p.Steps) != 3 || !slices.Equal(p.Steps[0].Modules, []string{"Loop", "body"}) {
		t.Errorf("got %+v", p.Steps[0])
	}
}

func TestWriteTrace(t *testing.T) {
	outer := &backend.Step{Name: "/If", Kernel: "eval if"}
	at := time.Unix(100, 0)
	p := &Profile{Model: "m", Fastest: []backend.Event{
		{Step: &backend.Step{Kernel: "matmul", Parent: outer}, Begin: at.Add(1500), Duration: 2000, Work: backend.Work{Flops: 4000, Values: 8000}},
		{Step: outer, Begin: at, Duration: 5000},
	}}
	var b bytes.Buffer
	if err := p.WriteTrace(&b); err != nil {
		t.Fatal(err)
	}
	var trace struct {
		TraceEvents []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &trace); err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]any{nil, nil,
		{"name": "matmul", "ph": "X", "ts": 1.5, "dur": 2.0, "pid": 1.0, "tid": 1.0},
		{"name": "/If", "ph": "X", "ts": 0.0, "dur": 5.0}} {
		for k, v := range want {
			if trace.TraceEvents[i][k] != v {
				t.Errorf("event %d: %s is %v, want %v", i, k, trace.TraceEvents[i][k], v)
			}
		}
	}
	if a := trace.TraceEvents[2]["args"].(map[string]any); a["GFLOP/s"] != 2.0 || a["GB/s"] != 4.0 {
		t.Errorf("arguments %v", a)
	}
}
