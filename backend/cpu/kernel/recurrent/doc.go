// Package recurrent computes LSTM, GRU and RNN layers over float32 sequences.
//
// The products of all inputs with W are one matrix product for many steps. A step is then one pass over R: for a group of
// hidden units, the products with the states of all sequences and, while those are in registers or in the first cache, the gates and the
// new states. Layers whose cell is the usual one run so; all other cells take a product and separate functions a step.
// Directions run side by side, and a step is divided among threads by hidden units where that pays.
//
// The room works on slices of numbers: it knows neither tensors nor graphs.
package recurrent

//go:generate sh -c "cd _generate && go run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg recurrent"
