// Package onnxgo runs programs that are written for github.com/owulveryck/onnx-go: [Graph] is a backend.ComputationBackend over the compiler of
// this repository, so that such a program changes one import,
//
//	import gorgonnx "github.com/gocompile/gocompile/frontends/onnx/onnxgo" // was github.com/owulveryck/onnx-go/backend/x/gorgonnx
//
//	backend := gorgonnx.NewGraph()
//	model := onnx.NewModel(backend)
//	err := model.UnmarshalBinary(b)
//	…
//	err = model.SetInput(0, x)
//	err = backend.Run()
//	out, err := model.GetOutputTensors()
//
// It is a module of its own, so that the dependencies of onnx-go reach nobody else. It asks for versions of gorgonia.org/tensor and
// go4.org/unsafe/assume-no-moving-gc that start on current releases of Go.
//
// The tests run all 348 cases that onnx-go has for backends: one by [Graph.Decode], since onnx-go does not decode its body of control flow, and
// four with the tolerance of the ONNX suite, since their recorded values are less exact than the 1e-6 of onnx-go; the others by the function of onnx-go.
//
// # What the decoder of onnx-go drops
//
// UnmarshalBinary never shows a backend the file. By what it passes on of one:
//
//   - Versions of domains are dropped. A version of ai.onnx is chosen that has all the operators of the model with the attributes and numbers of
//     inputs that they have there: the one nearest to 11. Where versions differ in meaning only, this can be the wrong one: Softmax,
//     LogSoftmax and Hardmax changed with 13, GroupNormalization with 21. WithOpset says which version it is. Of other domains the
//     newest version is taken.
//   - Domains are dropped. An operator that ai.onnx does not have, or not yet in the version that WithOpset says, is that of the other domain that
//     has one of the name.
//   - Names of nodes are dropped. Messages name results instead.
//   - Dimensions without a value are dropped, and the placeholder of an input has fewer axes than the input.
//   - It is not told which values are outputs. A run computes the results that no operation uses, and what the file declares after one of
//     them; for another output the first GetOutputTensors compiles and runs again.
//   - Files are refused that have bodies of control flow (If, Loop, Scan), inputs or outputs of float16, bfloat16 or smaller elements, sequences,
//     optionals or maps, weights of other elements than float32, float64, int32, int64 and bool, or external data. Weights of bool as raw bytes
//     are refused too, or make the decoder panic. Functions and sparse weights are lost without a word.
//
// And SetInput(i, t) sets node i, which is input i only if no initializer is listed among the inputs before it. With others, GetNodeByName
// finds the node.
//
// # How to keep it
//
// [Graph.Decode] takes the place of UnmarshalBinary and gives the file to the importer of this repository, which keeps all of the above; every other line of the
// program stays. [Graph.Attach] does so for a model that gocompile.Load or gocompile.LoadFS compiled, which may have external data. Weights
// are then held once; by UnmarshalBinary twice, by the nodes and in the program.
//
// # What gorgonia.org/tensor cannot hold
//
// Results of rank 0 have the shape (1). Elements of float16, bfloat16 and smaller floats travel as float32, integers of 4 and 2 bits as int8 and uint8.
// Results without elements, and those that are no tensors, are errors.
package onnxgo
