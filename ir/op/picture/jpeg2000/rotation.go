package jpeg2000

// rotate turns the first three components of a tile back to colours (T.800, annex G).
func (t *tile) rotate(p []samples) error {
	if len(p) < 3 {
		return broken("a component transformation of %d components", len(p))
	}
	for _, c := range t.components[1:3] {
		if c.rect != t.components[0].rect || c.reversible != t.components[0].reversible {
			return broken("a component transformation of unlike components")
		}
	}
	rotateReversible(p[0].whole, p[1].whole, p[2].whole)
	rotateIrreversible(p[0].real, p[1].real, p[2].real)
	return nil
}

func rotateReversible(a, b, c []int32) {
	for i, y := range a {
		u, v := b[i], c[i]
		g := y - (u+v)>>2
		a[i], b[i], c[i] = v+g, g, u+g
	}
}

func rotateIrreversible(a, b, c []float32) {
	for i, y := range a {
		u, v := b[i], c[i]
		a[i], b[i], c[i] = y+1.402*v, y-0.344136*u-0.714136*v, y+1.772*u
	}
}
