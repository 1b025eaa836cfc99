//go:build unix

package proto

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	if size != int64(int(size)) {
		return nil, nil, fmt.Errorf("%s is too large to be mapped", f.Name())
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("mapping %s: %w", f.Name(), err)
	}
	return b, func() error { return unix.Munmap(b) }, nil
}

// releasePages drops the pages that lie wholly in b, which is part of a mapped file, from memory.
func releasePages(b []byte) {
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
