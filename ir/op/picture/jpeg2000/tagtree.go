package jpeg2000

// tagTree is a tree of least values over a grid (T.800, B.10.2), of which as much is known as was asked for.
type tagTree struct {
	levels []tagLevel // leaves first
}

type tagLevel struct {
	width int
	nodes []tagNode
}

// tagNode is a value: exactly or at least least.
type tagNode struct {
	least uint16
	known bool
}

func newTagTree(width, height int) *tagTree {
	t := &tagTree{}
	for {
		t.levels = append(t.levels, tagLevel{width, make([]tagNode, width*height)})
		if width*height <= 1 {
			return t
		}
		width, height = (width+1)/2, (height+1)/2
	}
}

// below tells whether the value of leaf (x, y) is less than limit, and which it is then.
func (t *tagTree) below(r *bitReader, x, y, limit int) (int, bool) {
	least := uint16(0)
	for i := len(t.levels) - 1; i >= 0; i-- {
		l := &t.levels[i]
		n := &l.nodes[y>>i*l.width+x>>i]
		n.least = max(n.least, least)
		for !n.known && int(n.least) < limit {
			if r.bit() == 1 {
				n.known = true
			} else {
				n.least++
			}
		}
		least = n.least
		if !n.known {
			return 0, false
		}
	}
	return int(least), int(least) < limit
}
