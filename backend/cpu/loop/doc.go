// Package loop runs elementwise programs: any number of functions of any number of broadcast operands in one pass over memory.
//
// A [Program] is straight-line code over one element of the result: its values are numbers or bools, each defined once, as an operand, a
// constant or a function of earlier values. It knows nothing of shapes, and is the form from which machine code can be made.
// [Program.Bind] resolves it for a shape and the strides of the operands, and a [Walk] interprets it tile by tile: each instruction works on
// a tile of some hundred elements that stays in the first-level cache, with the functions of package vec.
//
// The room knows no tensors and no graphs.
package loop
