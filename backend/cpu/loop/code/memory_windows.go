//go:build amd64 && !noasm

package code

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// allocate is fresh memory that can be written.
func allocate(n int) ([]byte, error) {
	address, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), n), nil
}

// protect makes memory executable and no longer writable.
func protect(memory []byte) error {
	var before uint32
	return windows.VirtualProtect(address(memory), uintptr(len(memory)), windows.PAGE_EXECUTE_READ, &before)
}

func free(memory []byte) { _ = windows.VirtualFree(address(memory), 0, windows.MEM_RELEASE) }

func address(memory []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(memory))) }
