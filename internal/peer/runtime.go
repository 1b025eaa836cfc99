package peer

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Runtime is a name and the command of a worker.
type Runtime struct {
	Name    string
	Command []string
}

// Flags adds the flags -python, of a Python with which onnxruntime is measured, and -peer NAME=COMMAND, of any worker; both append to list.
func Flags(f *flag.FlagSet, list *[]Runtime) {
	f.Func("python", "a `PYTHON` with onnxruntime, onnx and numpy, to measure onnxruntime", func(s string) error {
		*list = append(*list, Runtime{"onnxruntime", Onnxruntime(s)})
		return nil
	})
	f.Func("peer", "`NAME=COMMAND` of the worker of another runtime; may be repeated", func(s string) error {
		name, command, ok := strings.Cut(s, "=")
		if !ok || strings.TrimSpace(command) == "" {
			return fmt.Errorf("expected NAME=COMMAND, got %q", s)
		}
		*list = append(*list, Runtime{name, strings.Fields(command)})
		return nil
	})
}

// Beside returns this project, its worker built into a folder of its own, and others behind it. The current folder must be in a checkout. Remove removes the folder.
func Beside(others []Runtime) (all []Runtime, remove func(), err error) {
	dir, err := os.MkdirTemp("", "worker")
	if err != nil {
		return nil, nil, err
	}
	worker := filepath.Join(dir, "worker")
	build := exec.Command("go", "build", "-o", worker, "github.com/gocompile/gocompile/bench/worker")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		os.RemoveAll(dir)
		return nil, nil, fmt.Errorf("building the worker: %w", err)
	}
	return append([]Runtime{{"gocompile", []string{worker}}}, others...), func() { os.RemoveAll(dir) }, nil
}
