//go:build amd64 && !noasm && (unix || windows)

package code

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
	"weak"
)

// Code is machine code that can be called, by any number of goroutines at once.
type Code struct{ memory []byte }

// kept is all code that something refers to, by its bytes.
var (
	keeping sync.Mutex
	kept    = map[string]weak.Pointer[Code]{}
)

// New makes bytes executable, at an address that is a multiple of 4096. The error says why the system refuses.
func New(text []byte) (*Code, error) {
	if len(text) == 0 {
		return nil, fmt.Errorf("no code")
	}
	keeping.Lock()
	defer keeping.Unlock()
	if c := kept[string(text)].Value(); c != nil {
		return c, nil
	}
	memory, err := allocate(len(text))
	if err != nil {
		return nil, fmt.Errorf("memory for %d bytes of code: %w", len(text), err)
	}
	copy(memory, text)
	if err := protect(memory); err != nil {
		free(memory)
		return nil, fmt.Errorf("making %d bytes executable: %w", len(text), err)
	}
	c := &Code{memory}
	kept[string(text)] = weak.Make(c)
	runtime.AddCleanup(c, release, memory)
	return c, nil
}

// release frees the memory of code that nothing refers to.
func release(memory []byte) {
	keeping.Lock()
	defer keeping.Unlock()
	text := string(memory)
	if kept[text].Value() == nil { // else equal code has been made since
		delete(kept, text)
	}
	free(memory)
}

// Call runs the code. What the argument points to must be kept alive by memory that the garbage collector knows.
func (c *Code) Call(argument unsafe.Pointer) {
	call(unsafe.Pointer(unsafe.SliceData(c.memory)), argument)
	runtime.KeepAlive(c)
}

//go:noescape
func call(code, argument unsafe.Pointer)
