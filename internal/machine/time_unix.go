//go:build unix

package machine

import (
	"syscall"
	"time"
)

// ProcessorTime is for how long processors have worked for this process; false where the system does not tell.
func ProcessorTime() (time.Duration, bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
