package recurrent

const (
	teamWork = 1 << 15 // multiply-adds of a step that are worth a member of a team, which waits for the others at each step
	runWork  = 1 << 18 // multiply-adds of all steps below which the caller does everything
	sideWork = 1 << 17 // multiply-adds of all steps of a direction that are worth a thread of its own
)

// division is how the work is divided among threads.
type division uint8

const (
	caller     division = iota // one direction after the other; products with W, and products of cells without a kernel, may use more threads
	directions                 // each direction by a thread of its own, which never waits
	units                      // the hidden units of all directions by a team, whose members wait for each other at each step
)

// divide is the division for a number of directions, of which each has steps of so many multiply-adds, and the size of the team.
// General is whether there is a cell without a kernel, whose units cannot be divided.
func divide(general bool, dirs, threads, step, steps int) (by division, members int) {
	all := dirs * step
	switch members = min(threads, 1+all/teamWork); {
	case threads == 1 || all*steps < runWork:
		return caller, 1
	case dirs == 2 && (general || members == 2 || members == 1 && step*steps > sideWork):
		return directions, 2
	case general || members == 1:
		return caller, 1
	}
	return units, members
}

// divide is the division of the call in progress.
func (x *Ctx) divide() (by division, members int) {
	general := false
	for _, l := range x.args.Layers {
		general = general || l.kernel == nil
	}
	l := x.args.Layers[0]
	return divide(general, len(x.args.Layers), x.pool.Threads(), l.cell.Kind.Gates()*l.hidden*l.hidden*x.active[0], len(x.active))
}
