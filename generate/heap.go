package generate

// candidate is a token with its score, or with its weight, which is relative to the greatest.
type candidate struct {
	id     int64
	weight float64
}

// moreProbable is the order of candidates by weight, and of equal ones by number.
func moreProbable(a, b candidate) bool {
	return a.weight > b.weight || a.weight == b.weight && a.id < b.id
}

func lessProbable(a, b candidate) bool { return moreProbable(b, a) }

// heap is a binary heap of candidates, the first of an order at its top. Unlike container/heap it keeps them without allocating.
type heap struct {
	list   []candidate
	before func(a, b candidate) bool
}

// arrange makes a heap of the list.
func (h *heap) arrange() {
	for i := len(h.list)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
}

// sink puts candidate i in its place below.
func (h *heap) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.list) {
			return
		}
		if child+1 < len(h.list) && h.before(h.list[child+1], h.list[child]) {
			child++
		}
		if !h.before(h.list[child], h.list[i]) {
			return
		}
		h.list[i], h.list[child] = h.list[child], h.list[i]
		i = child
	}
}

// pop takes the first candidate off.
func (h *heap) pop() candidate {
	c, last := h.list[0], len(h.list)-1
	h.list[0] = h.list[last]
	h.list = h.list[:last]
	h.sink(0)
	return c
}
