package pages

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const huge = 2 << 20 // bytes of a huge page, on all processors that have a back end

// Advise asks the system for huge pages under b, which must be memory of the Go heap. What lies beside b in its first and last huge page gets them
// too, so that slices that follow each other leave no gap.
func Advise(b []byte) {
	if len(b) == 0 {
		return
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	end := (start + uintptr(len(b)) + huge - 1) &^ (huge - 1)
	start &^= huge - 1
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_HUGEPAGE) // advice: a system without huge pages refuses it
}
