package jpeg2000

// image makes a picture of the components of a code stream: indices become colours, and channels are put in order.
func (c *container) image(width, height int, components []Component) (*Image, error) {
	channels := components
	if c.palette != nil {
		var err error
		if channels, err = c.palette.apply(c.mapping, components); err != nil {
			return nil, err
		}
	}
	channels, err := c.colours(channels)
	if err != nil {
		return nil, err
	}
	m := &Image{Width: width, Height: height}
	switch {
	case len(channels) < 3 && (c.colour == 0 || c.colour == spaceGray) || c.colour == spaceGray && len(channels) > 0:
		m.Components = channels[:1]
	case len(channels) >= 3:
		m.Space, m.Components = RGB, channels[:3]
		if c.colour == spaceYCC {
			m.Space = YCC
		}
	default:
		return nil, broken("%d channels in colour space %d", len(channels), c.colour)
	}
	return m, nil
}

// colours are the channels for colours in their order.
func (c *container) colours(channels []Component) ([]Component, error) {
	if c.meaning == nil {
		return channels, nil
	}
	var found []Component
	for colour := 1; ; colour++ {
		at := -1
		for _, m := range c.meaning {
			if m.kind == 0 && m.colour == colour {
				at = m.channel
			}
		}
		if at < 0 {
			break
		}
		if at >= len(channels) {
			return nil, broken("colour %d is channel %d of %d", colour, at, len(channels))
		}
		found = append(found, channels[at])
	}
	if len(found) == 0 {
		return nil, broken("no channel is a colour")
	}
	return found, nil
}

// apply makes the channels that m asks for.
func (p *palette) apply(m []mapping, components []Component) ([]Component, error) {
	if len(m) == 0 || len(m) > maxComponents {
		return nil, broken("palette for %d channels", len(m))
	}
	var channels []Component
	for _, k := range m {
		if k.component >= len(components) || k.column >= len(p.depths) {
			return nil, broken("channel from component %d and column %d", k.component, k.column)
		}
		c := components[k.component]
		if k.column >= 0 {
			values, indices := p.values[k.column], c.Samples
			c.Depth, c.Samples = p.depths[k.column], make([]uint16, len(indices))
			for i, v := range indices {
				c.Samples[i] = values[min(int(v), len(values)-1)]
			}
		}
		channels = append(channels, c)
	}
	return channels, nil
}
