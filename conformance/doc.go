// Package conformance runs suites of recorded ONNX cases, a model with inputs and expected outputs each, on every way this module
// has of running a model.
//
// A suite is data: a folder or a compressed archive. A [Runtime] is anything that takes a model and inputs. Cases that may fail
// stand in exceptions.txt, each with a reason; one that passes nevertheless is an error, so the list can only shrink.
//
// Nothing of the module imports this package but its own commands and tests.
package conformance
