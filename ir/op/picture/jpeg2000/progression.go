package jpeg2000

import (
	"cmp"
	"slices"
)

// Orders of packets: L layers, R resolutions, C components, P positions; the last one changes fastest.
const (
	orderLRCP = iota
	orderRLCP
	orderRPCL
	orderPCRL
	orderCPRL
)

// place is a precinct and where on the reference grid its packets come in orders by position.
type place struct {
	*resolution
	precinct int
	x, y     int64
}

// readPackets reads the packets of a tile. Those after the end of the data add nothing.
func (t *tile) readPackets(data []byte) error {
	changes := t.changes
	if len(changes) == 0 {
		changes = []change{{order: t.order, layers: t.layers, to: maxLevels + 1, endComp: maxComponents}}
	}
	for _, c := range changes {
		for _, group := range t.sequence(c) {
			for layer := range min(c.layers, t.layers) {
				for _, p := range group {
					if p.precincts[p.precinct].layers > layer {
						continue
					}
					if len(data) == 0 {
						return nil
					}
					var err error
					if data, err = t.readPacket(data, p.resolution, p.precinct); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// sequence divides the precincts that c names into groups; the packets of a group come layer by layer.
func (t *tile) sequence(c change) [][]place {
	var places []place
	for i := c.fromComp; i < min(c.endComp, len(t.components)); i++ {
		all := t.components[i].resolutions
		for k := c.from; k < min(c.to, len(all)); k++ {
			places = all[k].places(places, t.rect)
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		position := cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
		resolution, component := cmp.Compare(a.index, b.index), cmp.Compare(a.component, b.component)
		precinct := cmp.Compare(a.precinct, b.precinct)
		switch c.order {
		case orderLRCP, orderRLCP:
			return cmp.Or(resolution, component, precinct)
		case orderRPCL:
			return cmp.Or(resolution, position, component, precinct)
		case orderPCRL:
			return cmp.Or(position, component, resolution, precinct)
		default:
			return cmp.Or(component, position, resolution, precinct)
		}
	})
	if c.order == orderLRCP {
		return [][]place{places}
	}
	var groups [][]place
	for start, i := 0, 1; i <= len(places); i++ {
		if i == len(places) || c.order != orderRLCP || places[i].index != places[start].index {
			groups = append(groups, places[start:i])
			start = i
		}
	}
	return groups
}

// places appends the precincts of a resolution in a tile.
func (r *resolution) places(to []place, tile rect) []place {
	for n := range r.precincts {
		x, y := r.cells.x0+n%r.cells.width(), r.cells.y0+n/r.cells.width()
		to = append(to, place{r, n, position(x, r.precX, r.x0, r.stepX, tile.x0), position(y, r.precY, r.y0, r.stepY, tile.y0)})
	}
	return to
}

// position is where precinct number cell of 2^log samples comes, along one axis: where it starts, or where the tile does if the precinct starts before that.
func position(cell, log, start int, step int64, tile int) int64 {
	if at := cell << log; at >= start {
		return int64(at) * step
	}
	return int64(tile)
}
