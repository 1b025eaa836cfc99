// Package machine tells what the system knows of the processor and of this process.
package machine

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// PeakRSS is the greatest resident size that the process has had, in bytes, 0 where the system does not tell.
func PeakRSS() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			return kb * 1024
		}
	}
	return 0
}

// Processor is how many processors there are, and the name of their kind where the system tells it.
func Processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(b)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return fmt.Sprintf("%d × %s", runtime.NumCPU(), strings.TrimSpace(strings.TrimLeft(name, " \t:")))
			}
		}
	}
	return fmt.Sprintf("%d processors", runtime.NumCPU())
}
