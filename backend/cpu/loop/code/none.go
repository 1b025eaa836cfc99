//go:build !amd64 || noasm || !(unix || windows)

package code

import (
	"errors"
	"unsafe"
)

// Code is never made on this system.
type Code struct{}

// New is an error.
func New([]byte) (*Code, error) {
	return nil, errors.New("this build runs no machine code that is made while it runs")
}

// Call panics: there is no code.
func (c *Code) Call(unsafe.Pointer) { panic("BUG: code: a call of code that cannot be made") }
