// Package randomgraph makes small random graphs for tests: what is computed by different ways from one graph must agree. Beside single operators
// they hold norms, activations, attention, rotary embeddings and recurrent layers, in many spellings, all over symbolic dimensions.
//
// Functions are benign: results stay within bounds, and do not jump where arguments differ by a rounding.
package randomgraph
