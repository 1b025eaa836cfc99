//go:build amd64 && !noasm && unix

package code

import "golang.org/x/sys/unix"

// allocate is fresh memory that can be written.
func allocate(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

// protect makes memory executable and no longer writable.
func protect(memory []byte) error { return unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC) }

func free(memory []byte) { _ = unix.Munmap(memory) }
