package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// result is what a runtime made of a model; times in seconds. Failed says why there is nothing else.
type result struct {
	runtime string
	failed  string
	load    float64
	first   float64
	times   []float64
	peak    float64 // MB
}

func (r result) median() float64 {
	if len(r.times) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(r.times))
	return s[len(s)/2]
}

func (r result) text() string {
	if r.failed != "" {
		return r.runtime + " failed: " + r.failed
	}
	return fmt.Sprintf("%s load %s, median %s, %.0f MB", r.runtime, seconds(r.load), seconds(r.median()), r.peak)
}

// race starts a worker of each runtime and lets them run in turns.
func race(o options, dir string) ([]result, error) {
	results := make([]result, len(o.peers))
	workers := make([]*worker, len(o.peers))
	for i, p := range o.peers {
		results[i].runtime = p.name
		out, err := os.MkdirTemp("", "outputs")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(out)
		w, err := start(p, dir, out, o.threads)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		defer w.kill()
		if workers[i], err = w, w.ready(&results[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	for turn := range o.rounds {
		for k := range workers {
			i := (turn + k) % len(workers)
			if results[i].failed != "" {
				continue
			}
			var times []float64
			if err := workers[i].ask(fmt.Sprintf("RUN 1000 %g", o.budget.Seconds()), "TIMES", &times); err != nil {
				return nil, fmt.Errorf("%s: %w", results[i].runtime, err)
			}
			results[i].times = append(results[i].times, times...)
		}
	}
	for i, w := range workers {
		if results[i].failed != "" {
			continue
		}
		var done struct {
			RSS float64 `json:"rss_mb"`
		}
		if err := w.ask("QUIT", "DONE", &done); err != nil {
			return nil, fmt.Errorf("%s: %w", results[i].runtime, err)
		}
		results[i].peak = done.RSS
	}
	return results, nil
}

// worker is a process that speaks the protocol.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(p peer, dir, out string, threads int) (*worker, error) {
	args := append(slices.Clone(p.command[1:]), "--model", filepath.Join(dir, "model.onnx"), "--inputs", filepath.Join(dir, "test_data_set_0"),
		"--outputs", out, "--threads", fmt.Sprint(threads))
	w := &worker{cmd: exec.Command(p.command[0], args...)}
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
	return w, w.cmd.Start()
}

// ready waits until the model is loaded and has run once; a model that the runtime refuses is a result.
func (w *worker) ready(r *result) error {
	var ready struct {
		Load  float64 `json:"load_s"`
		First float64 `json:"first_s"`
	}
	word, rest, err := w.answer()
	switch {
	case err != nil:
		return err
	case word == "FAIL":
		if json.Unmarshal([]byte(rest), &r.failed) != nil {
			r.failed = rest
		}
		return nil
	case word != "READY":
		return fmt.Errorf("expected READY or FAIL, got %q", word)
	}
	err = json.Unmarshal([]byte(rest), &ready)
	r.load, r.first = ready.Load, ready.First
	return err
}

func (w *worker) ask(line, want string, answer any) error {
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

// answer reads the next line of the protocol; other lines are passed over.
func (w *worker) answer() (word, rest string, err error) {
	for {
		line, err := w.out.ReadString('\n')
		if err != nil {
			return "", "", fmt.Errorf("the worker ended without an answer: %w", err)
		}
		word, rest, _ = strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "READY", "FAIL", "TIMES", "DONE":
			return word, rest, nil
		}
	}
}

// kill ends the process, if it has not ended by itself.
func (w *worker) kill() {
	w.in.Close()
	w.cmd.Process.Kill()
	w.cmd.Wait()
}
