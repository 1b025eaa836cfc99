package peer

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

// Main is what programs that measure do once their flags are read: it runs the measurement, which an interrupt cancels, and writes what it returns to
// a file. If that fails, it ends the process with a message under the name of the program.
func Main(name, out string, measure func(ctx context.Context) (any, error)) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measure(ctx)
	if err == nil {
		err = writeJSON(out, r)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
