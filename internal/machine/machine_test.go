package machine

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestPeakRSS(t *testing.T) {
	if n := PeakRSS(); runtime.GOOS == "linux" && n < 1<<20 {
		t.Errorf("%d bytes", n)
	}
}

func TestProcessor(t *testing.T) {
	if s := Processor(); s == "" || strings.ContainsAny(s, "\n\t") {
		t.Errorf("got %q", s)
	}
}

func TestProcessorTime(t *testing.T) {
	before, ok := ProcessorTime()
	if !ok {
		t.Skip("the system does not tell")
	}
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
	}
	if after, _ := ProcessorTime(); after-before < 5*time.Millisecond {
		t.Errorf("50 ms of work took %v", after-before)
	}
}
