// Package quant quantises numbers to 8 bits, and multiplies and convolves 8 bit integers, exactly.
//
// A product widens A to 16 bits, with its zero point taken off, once for each call; B is packed, as signed bytes, once for each
// model if it is constant. The inner loop multiplies pairs of 16 bit numbers and adds in 32 bits, so nothing saturates;
// sums wrap around as in Go. The zero point of B comes in by the sums of the rows of A.
//
// A convolution copies the bytes of an image into planes, in which padding is present and the positions of a stride lie side by side, unless they lie so
// already. Of 32 positions at a time it gathers what they meet, packs that as a right operand, and multiplies it with the weights, packed once, of six channels at
// a time; each tile of sums becomes results, scaled, added to, limited and rounded, before the next. A channel with a kernel of its own is widened
// to 16 bits and summed up where it lies.
package quant

//go:generate sh -c "cd _generate && go run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg quant"
