// Package properties tests what must hold of compiled programs whatever their weights: facts of the mathematics of attention and of positional
// encodings, each on graphs as several exporters spell them, so that the recognised operators are what runs.
package properties
