package profile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/roof"
	"github.com/gocompile/gocompile/ir"
)

// Profile is where the time of runs on the same inputs went. Times are in seconds, a run; those of steps are medians over the runs.
type Profile struct {
	Model   string  `json:"model"`
	Threads int     `json:"threads"`
	Level   string  `json:"level"` // of the processor's instructions
	Runs    int     `json:"runs"`
	Median  float64 `json:"median_s"`         // of a run that nobody watches
	Watched float64 `json:"watched_median_s"` // of a run whose steps are timed
	Floor   float64 `json:"floor_s"`          // of all steps together
	Flops   int64   `json:"flops"`
	Arena   int     `json:"arena_bytes"`      // that intermediate values share
	Peak    float64 `json:"peak_flops_per_s"` // of the processor, for numbers of the sizes that the run multiplies
	// Bandwidth is that of a memory as large as all constants and the arena, in bytes a second.
	Bandwidth float64  `json:"bandwidth_bytes_per_s"`
	Kernels   []Kernel `json:"kernels"` // the slowest first
	Steps     []*Step  `json:"steps"`   // the slowest first

	Fastest []backend.Event `json:"-"` // of the fastest run
}

// Step is a step of the program.
type Step struct {
	Name      string   `json:"name"` // the model's own
	Kernel    string   `json:"kernel"`
	Nodes     []string `json:"nodes"`             // operators and names of the nodes that it stands for
	Modules   []string `json:"modules,omitempty"` // that it belongs to, outermost first
	Calls     int      `json:"calls"`             // in a run
	Time      float64  `json:"time_s"`            // without the steps of its bodies
	Share     float64  `json:"share"`             // of the time of all steps
	Flops     int64    `json:"flops"`
	Small     int64    `json:"flops_on_bytes,omitempty"` // those of them that are on integers of 8 bits
	Constants int64    `json:"constant_bytes"`
	Values    int64    `json:"value_bytes"`
	Floor     float64  `json:"floor_s"`
	Bound     string   `json:"bound"` // by what the floor is given: "arithmetic", "memory", or "" without one

	order int
}

// Reached is the share of what is possible that the step reaches, 0 if it has no floor.
func (s *Step) Reached() float64 { return ratio(s.Floor, s.Time) }

// Kernel is all steps of a kernel together.
type Kernel struct {
	Name  string  `json:"name"`
	Steps int     `json:"steps"`
	Time  float64 `json:"time_s"`
	Share float64 `json:"share"`
	Flops int64   `json:"flops"`
	Bytes int64   `json:"bytes"`
	Floor float64 `json:"floor_s"`
}

// Reached is the share of what is possible that the kernel reaches, 0 if it has no floor.
func (k Kernel) Reached() float64 { return ratio(k.Floor, k.Time) }

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// Rate is the arithmetic of a run, in operations a second.
func (p *Profile) Rate() float64 { return ratio(float64(p.Flops), p.Median) }

// OfPeak is the share of the peak rate of arithmetic that a run reaches.
func (p *Profile) OfPeak() float64 { return ratio(p.Rate(), p.Peak) }

// Reached is the share of what is possible that a run reaches.
func (p *Profile) Reached() float64 { return ratio(p.Floor, p.Median) }

// Against sets the floors.
func (p *Profile) Against(l roof.Limits) {
	total := int64(p.Arena)
	for _, s := range p.Steps {
		total += s.Constants / int64(max(s.Calls, 1))
	}
	p.Threads, p.Peak, p.Bandwidth = l.Threads, l.FMA, l.Rate(total)
	p.Floor = 0
	flops, atPeak := 0.0, 0.0
	for _, s := range p.Steps {
		calls := float64(max(s.Calls, 1))
		arithmetic := ratio(float64(s.Flops-s.Small), l.FMA) + ratio(float64(s.Small), l.Dot)
		flops, atPeak = flops+float64(s.Flops), atPeak+arithmetic
		memory := ratio(float64(s.Constants), p.Bandwidth) + ratio(float64(s.Values), l.Rate(int64(float64(s.Values)/calls)))
		switch s.Floor, s.Bound = max(arithmetic, memory), "memory"; {
		case s.Floor == 0:
			s.Bound = ""
		case arithmetic > memory:
			s.Bound = "arithmetic"
		}
		p.Floor += s.Floor
	}
	if atPeak > 0 {
		p.Peak = flops / atPeak
	}
	p.sum()
}

// sum computes the shares, the kernels and the order.
func (p *Profile) sum() {
	all, byName := 0.0, map[string]*Kernel{}
	p.Flops = 0
	for _, s := range p.Steps {
		all += s.Time
		p.Flops += s.Flops
		k := byName[s.Kernel]
		if k == nil {
			k = &Kernel{Name: s.Kernel}
			byName[s.Kernel] = k
		}
		k.Steps++
		k.Time += s.Time
		k.Flops += s.Flops
		k.Bytes += s.Constants + s.Values
		k.Floor += s.Floor
	}
	p.Kernels = nil
	for _, k := range byName {
		k.Share = ratio(k.Time, all)
		p.Kernels = append(p.Kernels, *k)
	}
	for _, s := range p.Steps {
		s.Share = ratio(s.Time, all)
	}
	slices.SortFunc(p.Kernels, func(a, b Kernel) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(a.Name, b.Name))
	})
	slices.SortFunc(p.Steps, func(a, b *Step) int { return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.order, b.order)) })
}

// nodesOf names the nodes of a step: "Gemm /encoder/fc".
func nodesOf(s *backend.Step) []string {
	names := make([]string, len(s.Nodes))
	for i, n := range s.Nodes {
		names[i] = strings.TrimSpace(ir.OpName(n.Op) + " " + n.Name)
	}
	return names
}
