package peer

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Task is what a worker works on.
type Task struct {
	Model   string // file
	Inputs  string // folder
	Outputs string // folder; empty: outputs are not written
	Threads int
}

// Ready is what a worker says when it has run once.
type Ready struct {
	Load    float64         `json:"load_s"`
	First   float64         `json:"first_s"`
	RSS     float64         `json:"rss_mb"` // the peak of its resident size so far
	Info    string          `json:"info"`
	Profile json.RawMessage `json:"profile,omitempty"` // where the time goes, if the worker tells
}

// Count is how many runs several callers made in how long.
type Count struct {
	Runs    int     `json:"runs"`
	Seconds float64 `json:"seconds"`
}

// Rate is runs a second.
func (c Count) Rate() float64 {
	if c.Seconds == 0 {
		return 0
	}
	return float64(c.Runs) / c.Seconds
}

// Tokens are some that a language model chose, and how many seconds each took.
type Tokens struct {
	IDs   []int64   `json:"ids"`
	Times []float64 `json:"times_s"`
}

// RefusedError is what a worker says when its runtime cannot run the model.
type RefusedError struct{ Reason string }

// Error is the reason.
func (e *RefusedError) Error() string { return e.Reason }

//go:embed onnxruntime.py
var onnxruntime string

// Onnxruntime is the command of a worker that runs onnxruntime in a Python that has the packages onnxruntime, onnx and numpy.
func Onnxruntime(python string) []string { return []string{python, "-c", onnxruntime} }

// Worker is a process that has been started.
type Worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts a worker by its command. When ctx is done the process is killed.
func Start(ctx context.Context, command []string, t Task) (*Worker, error) {
	args := append(slices.Clone(command[1:]), "--model", t.Model, "--inputs", t.Inputs, "--outputs", t.Outputs, "--threads", fmt.Sprint(t.Threads))
	w := &Worker{cmd: exec.CommandContext(ctx, command[0], args...)}
	w.cmd.Stderr = os.Stderr
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	pipe, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(pipe)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	return w, nil
}

// Ready waits until the model is loaded and has run once. A model that the runtime refuses is a [*RefusedError].
func (w *Worker) Ready() (Ready, error) {
	var r Ready
	word, rest, err := w.answer()
	switch {
	case err != nil:
		return r, err
	case word == "FAIL":
		e := &RefusedError{}
		if json.Unmarshal([]byte(rest), &e.Reason) != nil {
			e.Reason = rest
		}
		return r, e
	case word != "READY":
		return r, fmt.Errorf("expected READY or FAIL, got %q", word)
	}
	return r, json.Unmarshal([]byte(rest), &r)
}

// Run measures up to n runs within a budget, at least one.
func (w *Worker) Run(n int, budget time.Duration) (times []float64, err error) {
	return times, w.ask(fmt.Sprintf("RUN %d %g", n, budget.Seconds()), "TIMES", &times)
}

// Sessions has k callers run at the same time.
func (w *Worker) Sessions(k int, budget time.Duration) (c Count, err error) {
	return c, w.ask(fmt.Sprintf("SESSIONS %d %g", k, budget.Seconds()), "COUNT", &c)
}

// Prompt begins a sequence with some tokens and has the next one chosen.
func (w *Worker) Prompt(ids []int64) (t Tokens, err error) {
	line, err := json.Marshal(ids)
	if err != nil {
		return t, err
	}
	return t, w.ask("PROMPT "+string(line), "TOKENS", &t)
}

// Tokens has n more chosen.
func (w *Worker) Tokens(n int) (t Tokens, err error) {
	return t, w.ask(fmt.Sprintf("TOKENS %d", n), "TOKENS", &t)
}

// Idle is how many seconds processors work for the worker while it has nothing to do.
func (w *Worker) Idle(budget time.Duration) (float64, error) {
	var used struct {
		CPU float64 `json:"cpu_s"`
	}
	err := w.ask(fmt.Sprintf("IDLE %g", budget.Seconds()), "CPU", &used)
	return used.CPU, err
}

// Quit ends the worker and returns the peak of its resident size in MB.
func (w *Worker) Quit() (float64, error) {
	var done struct {
		RSS float64 `json:"rss_mb"`
	}
	err := w.ask("QUIT", "DONE", &done)
	return done.RSS, err
}

// Kill ends the process, if it has not ended by itself.
func (w *Worker) Kill() {
	w.in.Close()
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

func (w *Worker) ask(line, want string, answer any) error {
	if _, err := fmt.Fprintln(w.in, line); err != nil {
		return err
	}
	word, rest, err := w.answer()
	if err != nil {
		return err
	}
	if word != want {
		return fmt.Errorf("expected %s, got %s %s", want, word, rest)
	}
	return json.Unmarshal([]byte(rest), answer)
}

var words = []string{"READY", "FAIL", "TIMES", "COUNT", "TOKENS", "CPU", "DONE"}

// answer reads the next line of the protocol.
func (w *Worker) answer() (word, rest string, err error) {
	for {
		line, err := w.out.ReadString('\n')
		if err != nil {
			return "", "", fmt.Errorf("the worker ended without an answer: %w", err)
		}
		if word, rest, _ = strings.Cut(strings.TrimSpace(line), " "); slices.Contains(words, word) {
			return word, rest, nil
		}
	}
}
