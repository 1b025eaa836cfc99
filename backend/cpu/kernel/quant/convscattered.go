package quant

// scattered is the textbook loop, for kernels whose elements lie so far apart that nearly all of them meet padding.
func (x *convolver) scattered() {
	a, p, w := &x.args, &x.planes, x.args.Weights
	channels := a.Groups * a.Out
	for i := range a.Batch * channels {
		m := i % channels
		from := a.X[(i/channels*a.Groups+m/a.Out)*p.In*p.size:]
		for at := range p.positions {
			sum := int32(0)
			if a.Offset != nil {
				sum = a.Offset[m]
			}
			for k := range p.depth {
				if t := p.axes.Meets(at, k%p.taps); t >= 0 {
					sum += w.at(m, k) * (integer(from[k/p.taps*p.size+t], a.SignedX) - a.ZeroX)
				}
			}
			x.storeOne(i*p.positions+at, m, sum)
		}
	}
}

// at is a weight of a channel less its zero point.
func (w *ConvWeights) at(channel, k int) int32 {
	if w.wide != nil {
		return int32(w.wide[channel*w.stride+k])
	}
	return int32(w.bytes[channel*w.stride+k]) - w.zero[channel]
}

var noAdd = []int32{0}

// storeOne makes result i, of a channel, of its sum.
func (x *convolver) storeOne(i, channel int, sum int32) {
	a := &x.args
	if a.Sums != nil {
		a.Sums[i] = sum
		return
	}
	f := finishing{add: noAdd, scale: x.scale[channel:], bias: x.bias[channel:], low: a.Finish.Low, high: a.Finish.High}
	if v := f.value(0, sum); a.Bytes != nil {
		l := newLimits(a.Finish.Zero, a.Finish.Signed)
		a.Bytes[i] = l.round(v / a.Finish.Step)
	} else {
		a.Float[i] = v
	}
}
