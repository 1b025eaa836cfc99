package recurrent

import (
	"runtime"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// TestPackedFromWhereTheyLie: a layer takes little more memory than its weights while they are packed.
func TestPackedFromWhereTheyLie(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates too")
	}
	const input, hidden = 512, 256
	for _, kind := range []Kind{LSTM, GRU} {
		rows := kind.Gates() * hidden
		w := Weights{W: make([]float32, rows*input), R: make([]float32, rows*hidden), B: make([]float32, 2*rows)}
		c := Cell{Kind: kind, Functions: [3]Function{{Name: Sigmoid}, {Name: Tanh}, {Name: Tanh}}}
		for l := level.Portable; l <= level.Highest(); l++ {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			layer := NewLayer(c, input, hidden, w, gemm.Float32, l, nil)
			runtime.ReadMemStats(&after)
			took, weights := int(after.TotalAlloc-before.TotalAlloc), 4*(len(w.W)+len(w.R))
			if took > weights+weights/8 {
				t.Errorf("%v at level %v (kernel: %t): %d bytes were allocated for %d of weights", kind, l, layer.kernel != nil, took, weights)
			}
		}
	}
}

// TestKeptInReserved: what was reserved for weights holds them, whatever their format.
func TestKeptInReserved(t *testing.T) {
	const input, hidden = 512, 512
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		rows := kind.Gates() * hidden
		w := Weights{W: make([]float32, rows*input), R: make([]float32, rows*hidden)}
		c := Cell{Kind: kind, LinearBeforeReset: true, Functions: [3]Function{{Name: Sigmoid}, {Name: Tanh}, {Name: Tanh}}}
		for f, size := range map[gemm.Format]int{gemm.Float32: 4, gemm.BFloat16: 2} {
			for l := level.Portable; l <= level.Highest(); l++ {
				m, weights := new(gemm.Memory), size*(len(w.W)+len(w.R))
				before := live()
				m.Reserve(weights + weights/16)
				layer := NewLayer(c, input, hidden, w, f, l, m)
				if kept := live() - before; kept > weights+weights/8 {
					t.Errorf("kind %d, %v at level %v (kernel: %t): %d bytes are kept for %d of weights", kind, f, l, layer.kernel != nil, kept, weights)
				}
				runtime.KeepAlive(layer)
				runtime.KeepAlive(m)
			}
		}
	}
}

// live is how many bytes are in use.
func live() int {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}
