// Package attention computes scaled dot-product attention of float32 numbers without a buffer for all scores.
//
// The rows of a problem are its queries, for all heads that share a head of keys: a block of rows runs over the keys in tiles, keeping for each
// row the largest score so far, the sum of the exponentials and the weighted sum of the values, which are rescaled when a larger score
// appears (Dao et al., FlashAttention; Milakov and Gimelshein, Online normalizer calculation for softmax). So keys and values are read once a
// block and head of keys, tiles in which every key is masked are not read at all, and the memory that a thread needs is bounded, whatever the
// number of keys: keys and values of a head are kept packed from block to block only if they are few. Where there are fewer blocks than threads,
// as in decoding, the keys are divided too and the parts merged.
//
// The room works on slices and knows nothing of tensors or graphs. The products of tiles are those of package gemm, the exponentials
// those of package vec; both have portable versions.
package attention
