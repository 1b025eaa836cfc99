// Package loop runs elementwise programs: any number of functions of any number of broadcast operands in one pass over memory.
//
// A [Program] is straight-line code over one element of the result: its values are numbers or bools, each defined once, as an operand, a
// constant or a function of earlier values. It knows nothing of shapes, and is the form from which machine code can be made.
// [Program.Bind] resolves it for a shape and the strides of the operands, and a [Walk] interprets it tile by tile: each instruction works on
// a tile of some hundred elements that stays in the first-level cache, with the functions of package vec.
//
// [Program.Compile] makes AVX2 machine code of a program where that is faster: values stay in registers from the first function to the
// last. Formulas are those of vec's AVX2 kernels, and give the same bits. Code handles dense operands and those that are the same for all
// elements; a walk copies others to registers first, as it does for the interpreter. What has no code (pow, sine and cosine, functions
// outside package vec, more than eight operands, more values at a time than there are registers) is interpreted, and so is everything on
// other processors and where the system refuses executable memory.
//
// The room knows no tensors and no graphs.
package loop
