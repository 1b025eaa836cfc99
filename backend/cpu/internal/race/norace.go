//go:build !race

// Package race tells tests that count allocations whether the race detector is built in. Only tests import it.
package race

// Enabled reports whether the race detector is built in.
const Enabled = false
