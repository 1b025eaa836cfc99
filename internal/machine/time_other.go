//go:build !unix

package machine

import "time"

// ProcessorTime is for how long processors have worked for this process; false where the system does not tell.
func ProcessorTime() (time.Duration, bool) { return 0, false }
