// Command gocompile runs, inspects, verifies and measures ONNX models.
//
//	gocompile run MODEL         runs a model once and shows its results
//	gocompile inspect MODEL     shows what a model holds and what it becomes
//	gocompile compile MODEL     writes a model ready to run
//	gocompile export MODEL      writes what a model becomes as ONNX
//	gocompile quantize MODEL    rounds weights to integers and tells what that costs
//	gocompile verify DIR…       compares models with recorded results
//	gocompile bench MODEL       measures a model
//	gocompile profile MODEL     shows where the time of a run goes
//	gocompile kernels           lists the kernels of this build, and compares them
//	gocompile operators         lists the ONNX operators that are supported
//	gocompile completion SHELL  prints a script of completions for bash, zsh, fish or pwsh
//
// Results go to standard output; errors, progress and times go to standard error. Colours and progress appear on a terminal only.
//
// Exit status:
//
//	0    success
//	1    a model could not be read, compiled or run, or a file could not be written
//	2    wrong use: an unknown flag, a missing dimension, an input that does not fit the model
//	3    verify: results differ
//	130  interrupted
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
)

// The exit status of the command.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitDiffers     = 3
	exitInterrupted = 130
)

// usageError is an error of the caller and not of a model.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errDiffers says that verify found differences, which it has shown already.
var errDiffers = errors.New("results differ")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command with its streams; it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := command(stdin, stdout, stderr).Run(ctx, args)
	var usage usageError
	var missing *gocompile.MissingDimsError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "gocompile: interrupted")
		return exitInterrupted
	case errors.Is(err, errDiffers):
		fmt.Fprintln(stderr, "gocompile:", err)
		return exitDiffers
	case errors.As(err, &missing):
		fmt.Fprintln(stderr, "gocompile:", err)
		fmt.Fprint(stderr, "give them as")
		for _, d := range missing.Dims {
			fmt.Fprintf(stderr, " --dim %s=N", d.Name)
		}
		fmt.Fprintln(stderr)
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "gocompile:", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "gocompile:", err)
	return exitFailure
}

func command(stdin io.Reader, stdout, stderr io.Writer) *cli.Command {
	c := &cli.Command{
		Name:                  "gocompile",
		Usage:                 "compile and run ONNX models",
		Version:               version(),
		EnableShellCompletion: true,
		ConfigureShellCompletionCommand: func(c *cli.Command) {
			c.Hidden = false
		},
		Suggest:        true,
		Commands:       []*cli.Command{runCommand(), inspectCommand(), compileCommand(), exportCommand(), quantizeCommand(), verifyCommand(), benchCommand(), profileCommand(), kernelsCommand(), operatorsCommand()},
		Reader:         stdin,
		Writer:         stdout,
		ErrWriter:      stderr,
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		Description:    "Exit status: 0 success; 1 a model could not be read, compiled or run; 2 wrong use; 3 verify found differences; 130 interrupted.",
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return usagef("there is no command %q; see gocompile --help", c.Args().First())
			}
			return cli.ShowRootCommandHelp(c)
		},
	}
	for _, sub := range append(c.Commands, c) {
		sub.OnUsageError = func(_ context.Context, c *cli.Command, err error, _ bool) error {
			return usagef("%w; see %s --help", err, c.FullName())
		}
		sub.DisableSliceFlagSeparator = true
	}
	return c
}

// version is that of the module as the build knows it, with the commit where it was built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("%s %s", v, info.GoVersion)
}
