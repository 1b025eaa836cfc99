package recurrent

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
)

const portableLanes = 8

var portableSteps = steps{
	gemm.Float32: {LSTM: {portableLSTM}, GRU: {portableGRU}},
	gemm.Int8:    {LSTM: {portableLSTM}, GRU: {portableGRU}},
}

// portableProducts is the sums of panel p for one state: gate g of lane l at g*8+l.
func portableProducts(sums *[4 * portableLanes]float32, t *tile, p, gates int) {
	clear(sums[:])
	width := gates * portableLanes
	if len(t.small) == 0 {
		r := t.r[p*t.k*width:]
		for k, x := range t.h[:t.k] {
			for j, w := range r[k*width:][:width] {
				sums[j] += x * w
			}
		}
		return
	}
	r := t.small[p*t.k*width:]
	for k, x := range t.h[:t.k] {
		for j, q := range r[k*width:][:width] {
			sums[j] += x * float32(q)
		}
	}
	for j, s := range t.scale[p*width:][:width] {
		sums[j] *= s
	}
}

func portableLSTM(t *tile) {
	const n = portableLanes
	var sums [4 * n]float32
	for p := range t.panels {
		portableProducts(&sums, t, p, 4)
		xw := t.xw[p*4*n:][:4*n]
		for l := range n {
			gate := func(g int) float32 { return sums[g*n+l] + xw[g*n+l] }
			c := sigmoid(gate(2))*t.c[p*n+l] + sigmoid(gate(0))*tanh(gate(3))
			t.c[p*n+l] = c
			t.next[p*n+l] = sigmoid(gate(1)) * tanh(c)
		}
	}
}

func portableGRU(t *tile) {
	const n = portableLanes
	var sums [4 * n]float32
	for p := range t.panels {
		portableProducts(&sums, t, p, 3)
		xw := t.xw[p*3*n:][:3*n]
		for l := range n {
			update, reset := sigmoid(sums[l]+xw[l]), sigmoid(sums[n+l]+xw[n+l])
			candidate := tanh(xw[2*n+l] + reset*(sums[2*n+l]+t.bias[p*n+l]))
			t.next[p*n+l] = update*(t.own[p*n+l]-candidate) + candidate
		}
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }
