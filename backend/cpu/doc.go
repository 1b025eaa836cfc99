// Package cpu is the back end that runs programs on the processor: it lowers a graph to steps over one arena of memory, planned once
// for each tuple of input shapes, and runs them.
//
// A [Program] is read-only and shared; a [Session] owns an arena and runs one call at a time. Kernels live in the packages
// below kernel/, which know slices and nothing of graphs; an operator without a kernel runs its own Eval.
package cpu
