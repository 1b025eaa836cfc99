//go:build amd64 || arm64

package tensor

// unaligned: these processors read numbers at any address, and numbers hold no pointers that the collector would have to find.
const unaligned = true
