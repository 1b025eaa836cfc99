package conformance

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Exception is a case that is known to fail.
type Exception struct {
	Case     string   // group/name
	Runtimes []string // names, or "*"
	Reason   string
}

// Covers reports whether the case may fail on a runtime.
func (e Exception) Covers(runtime string) bool {
	return slices.Contains(e.Runtimes, "*") || slices.Contains(e.Runtimes, runtime)
}

// ReadExceptions reads the list: a line each with the case, the runtimes separated by commas, and the reason. Empty lines and
// those that start with # are skipped.
func ReadExceptions(r io.Reader) (map[string]Exception, error) {
	list := map[string]Exception{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 {
			return nil, fmt.Errorf("line %d: expected a case, its runtimes and a reason", n)
		}
		if _, twice := list[f[0]]; twice {
			return nil, fmt.Errorf("line %d: %s is listed twice", n, f[0])
		}
		list[f[0]] = Exception{Case: f[0], Runtimes: strings.Split(f[1], ","), Reason: strings.Join(f[2:], " ")}
	}
	return list, s.Err()
}
