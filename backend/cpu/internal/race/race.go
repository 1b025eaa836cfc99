//go:build race

package race

// Enabled: the detector is built in, and makes memory of its own for goroutines and locks.
const Enabled = true
