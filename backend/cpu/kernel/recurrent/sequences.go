package recurrent

// sequences says which sequences are at work at which step. They are taken in the order of their lengths, so that those of a step are the first ones.
type sequences struct {
	order  []int // sequences by descending length
	active []int // by step: sequences that are longer
	first  []int // by step: row of its first sequence among those of all steps, one after the other
	gather bool  // whether rows of X are copied together
}

// prepare orders the sequences of a and finds out which are active at which step.
func (s *sequences) prepare(a *Args) {
	s.order = growInts(s.order, a.Batch)
	longest := 0
	for b := range s.order {
		s.order[b] = b
		longest = max(longest, a.length(b))
	}
	s.active, s.first = growInts(s.active, longest), growInts(s.first, longest+1)
	if a.Lengths == nil {
		for t := range s.active {
			s.active[t], s.first[t] = a.Batch, t*a.Batch
		}
		s.first[longest] = longest * a.Batch
		s.gather = a.xByBatch() && a.Batch > 1
		return
	}
	// How many sequences end at which step is where each group of equal lengths begins in the order.
	clear(s.active)
	for _, n := range a.Lengths {
		if n > 0 {
			s.active[n-1]++
		}
	}
	for t := longest - 2; t >= 0; t-- {
		s.active[t] += s.active[t+1]
	}
	for t := range longest {
		s.first[t] = 0 // filled so far of the group that ends there
	}
	none := 0
	for b, n := range a.Lengths {
		if n == 0 {
			s.order[a.Batch-1-none] = b
			none++
			continue
		}
		at := 0
		if int(n) < longest {
			at = s.active[n]
		}
		s.order[at+s.first[n-1]] = b
		s.first[n-1]++
	}
	total := 0
	for t, n := range s.active {
		s.first[t] = total
		total += n
	}
	s.first[longest] = total
	s.gather = a.Batch > 1 && (a.xByBatch() || total < longest*a.Batch)
}

// time is when step t of the sequence in row r is.
func (x *Ctx) time(d, r, t int) int {
	if x.args.Reverse[d] {
		return x.args.length(x.order[r]) - 1 - t
	}
	return t
}

func growInts(s []int, n int) []int {
	if cap(s) < n {
		return make([]int, n)
	}
	return s[:n]
}
