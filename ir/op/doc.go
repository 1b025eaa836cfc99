// Package op holds the operators of the intermediate representation, one file a family.
//
// An operator is a struct whose exported fields are its attributes, with Infer (types, symbolic shapes and, for integer
// tensors that describe shapes, symbolic contents of the results) and Eval (plain Go, obviously right). Operators follow the newest
// ONNX semantics; what older versions spell differently is the frontend's to translate. Where a tensor decides
// about shapes (the target of Reshape, the axes of a reduction) it is an input, and passes make it a constant or an
// [ir.Dims] where they can.
//
// Nothing here may know a file format, a pass or a back end, and nothing here is tuned: kernels live in the back ends.
package op
