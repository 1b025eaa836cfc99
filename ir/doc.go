// Package ir is the intermediate representation: a graph in static single assignment form over typed values with
// symbolic dimensions, its builder, verifier, text form and reference evaluation.
//
// A frontend builds a [Graph], passes rewrite it, a back end lowers it. An operator is one Go type that implements [Op]:
// its attributes are the exported fields, Infer gives the types of its results, Eval computes them in plain Go. The
// operators themselves live in ir/op; this package knows only the two that carry data which the graph itself owns
// ([Const] and [Dims]).
//
// Nothing here may know a file format, a pass or a back end.
package ir
