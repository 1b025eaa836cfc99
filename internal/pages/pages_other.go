//go:build !linux

package pages

// Advise does nothing: only Linux takes such advice.
func Advise([]byte) {}
