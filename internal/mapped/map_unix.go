//go:build unix

package mapped

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// file maps size bytes of f.
func file(f *os.File, size int64) ([]byte, func() error, error) {
	if size != int64(int(size)) {
		return nil, nil, fmt.Errorf("%s is too large to be mapped", f.Name())
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping %s: %w", f.Name(), err)
	}
	return b, func() error { return unix.Munmap(b) }, nil
}

// Release tells the system that part of a mapped file will hardly be read again: pages that lie wholly in b need not stay in memory. It can be
// read as before.
func Release(b []byte) {
	if len(b) == 0 {
		return
	}
	page := uintptr(os.Getpagesize())
	start := uintptr(unsafe.Pointer(&b[0]))
	first := (page - start%page) % page
	n := uintptr(len(b))
	if n < first+page {
		return
	}
	last := first + (n-first)/page*page
	_ = unix.Madvise(b[first:last], unix.MADV_DONTNEED) // advice: nothing depends on it
}
