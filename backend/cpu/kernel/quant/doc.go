// Package quant quantises numbers to 8 bits and multiplies matrices of 8 bit integers, exactly.
//
// A product widens A to 16 bits, with its zero point taken off, once for each call; B is packed, as signed bytes, once for each
// model if it is constant. The inner loop multiplies pairs of 16 bit numbers and adds in 32 bits, so nothing saturates;
// sums wrap around as in Go. The zero point of B comes in by the sums of the rows of A.
package quant

//go:generate sh -c "cd _generate && go run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg quant"
