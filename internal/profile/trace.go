package profile

import (
	"encoding/json"
	"io"
	"time"

	"github.com/gocompile/gocompile/backend"
)

// traceEvent is an event of the trace format that Perfetto and Chrome read: times in microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat,omitempty"`
	Phase    string         `json:"ph"`
	Time     float64        `json:"ts"`
	Duration float64        `json:"dur"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// WriteTrace writes the fastest run in the JSON trace event format, which ui.perfetto.dev and chrome://tracing show. Steps of bodies stand
// below the step that owns the body.
func (p *Profile) WriteTrace(w io.Writer) error {
	events := []traceEvent{
		{Name: "process_name", Phase: "M", Process: 1, Args: map[string]any{"name": p.Model}},
		{Name: "thread_name", Phase: "M", Process: 1, Thread: 1, Args: map[string]any{"name": "steps of the fastest run"}},
	}
	var start time.Time
	for _, e := range p.Fastest {
		if start.IsZero() || e.Begin.Before(start) {
			start = e.Begin
		}
	}
	for _, e := range p.Fastest {
		events = append(events, traceEvent{Name: label(e.Step), Category: e.Step.Kernel, Phase: "X", Time: microseconds(e.Begin.Sub(start)),
			Duration: microseconds(e.Duration), Process: 1, Thread: 1, Args: arguments(e)})
	}
	return json.NewEncoder(w).Encode(map[string]any{"displayTimeUnit": "ns", "traceEvents": events})
}

func label(s *backend.Step) string {
	if s.Name == "" {
		return s.Kernel
	}
	return s.Name
}

func microseconds(d time.Duration) float64 { return float64(d) / 1e3 }

func arguments(e backend.Event) map[string]any {
	a := map[string]any{"kernel": e.Step.Kernel, "nodes": nodesOf(e.Step)}
	if e.Work.Flops > 0 {
		a["flops"], a["GFLOP/s"] = e.Work.Flops, float64(e.Work.Flops)/float64(max(e.Duration, 1))
	}
	if n := e.Work.Constants + e.Work.Values; n > 0 {
		a["bytes"], a["GB/s"] = n, float64(n)/float64(max(e.Duration, 1))
	}
	return a
}
