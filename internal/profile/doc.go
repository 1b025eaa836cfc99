// Package profile measures where the time of a model goes, step by step, and holds it against what the processor can do.
//
// A step is given a floor: its arithmetic at the peak rate of multiply-adds, or the bytes that it has to move at the rate of the memory that
// they are in, whichever takes longer. Constants count as lying in a memory as large as all that a run touches, values in one as large as
// what the step itself reads and writes, so that a floor is what could be reached at best. A step whose floor is half its time reaches half of
// what is possible.
package profile
