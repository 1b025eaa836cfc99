package recurrent

import "math"

var (
	portableLSTM = [...]func(*tile){portableLSTMTile}
	portableGRU  = [...]func(*tile){portableGRUTile}
)

const portableLanes = 8

// products is the sums of a panel for one state: gate g of lane l at g*8+l.
func portableProducts(sums *[4 * portableLanes]float32, r, h []float32, gates int) {
	clear(sums[:])
	width := gates * portableLanes
	for k, x := range h {
		for j, w := range r[k*width:][:width] {
			sums[j] += x * w
		}
	}
}

func portableLSTMTile(t *tile) {
	const n = portableLanes
	var sums [4 * n]float32
	for p := range t.panels {
		portableProducts(&sums, t.r[p*t.k*4*n:], t.h[:t.k], 4)
		xw := t.xw[p*4*n:][:4*n]
		for l := range n {
			gate := func(g int) float32 { return sums[g*n+l] + xw[g*n+l] }
			c := sigmoid(gate(2))*t.c[p*n+l] + sigmoid(gate(0))*tanh(gate(3))
			t.c[p*n+l] = c
			t.next[p*n+l] = sigmoid(gate(1)) * tanh(c)
		}
	}
}

func portableGRUTile(t *tile) {
	const n = portableLanes
	var sums [4 * n]float32
	for p := range t.panels {
		portableProducts(&sums, t.r[p*t.k*3*n:], t.h[:t.k], 3)
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
