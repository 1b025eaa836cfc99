// Package roof measures what the processor can do at most: multiply-adds and reads, on one thread or several. Kernels are held against it.
//
// The measurements take milliseconds and see whatever else the machine does; take the best of several.
package roof

//go:generate sh -c "cd _generate && go run . -out ../loops_amd64.s -stubs ../stubs_amd64.go -pkg roof"
