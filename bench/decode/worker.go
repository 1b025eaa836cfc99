package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/generate"
	"github.com/gocompile/gocompile/internal/machine"
	"github.com/gocompile/gocompile/internal/peer"
)

// work is the worker of this project: it answers PROMPT, TOKENS and QUIT of the protocol of internal/peer.
func work(file, weights string, threads int, in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(threads)
	w, ready, err := load(file, weights, threads)
	if err != nil {
		say(out, "FAIL", err.Error())
		return nil
	}
	defer w.model.Close()
	say(out, "READY", ready)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var t peer.Tokens
		var failed error
		switch word {
		case "PROMPT":
			var ids []int64
			if failed = json.Unmarshal([]byte(rest), &ids); failed == nil {
				t, failed = w.prompt(ids)
			}
		case "TOKENS":
			var n int
			if _, failed = fmt.Sscan(rest, &n); failed == nil {
				t, failed = w.write(nil, n)
			}
		case "QUIT", "":
			say(out, "DONE", map[string]float64{"rss_mb": megabytes(machine.PeakRSS())})
			return nil
		default:
			failed = fmt.Errorf("expected PROMPT, TOKENS or QUIT, got %q", line)
		}
		if failed == nil {
			failed = err
		}
		if failed != nil {
			return failed
		}
		say(out, "TOKENS", t)
	}
}

// writer is a model that writes one sequence.
type writer struct {
	model     *gocompile.Model
	generator *generate.Generator
}

// load loads a model and has it write one token.
func load(file, weights string, threads int) (*writer, peer.Ready, error) {
	format, err := gocompile.ParseWeights(weights)
	if err != nil {
		return nil, peer.Ready{}, err
	}
	begin := time.Now()
	model, err := gocompile.Load(file, gocompile.WithThreads(threads), format)
	if err != nil {
		return nil, peer.Ready{}, err
	}
	w := &writer{model: model}
	r := peer.Ready{Load: time.Since(begin).Seconds(), Info: "gocompile"}
	if err := w.start(); err != nil {
		model.Close()
		return nil, r, err
	}
	t, err := w.prompt([]int64{1})
	if err != nil {
		model.Close()
		return nil, r, err
	}
	r.First, r.RSS = t.Times[0], megabytes(machine.PeakRSS())
	return w, r, nil
}

func (w *writer) start() error {
	steps, err := w.model.NewStateful()
	if err != nil {
		return err
	}
	decoder, err := generate.NewDecoder(steps)
	if err == nil {
		w.generator = generate.New(decoder, generate.Options{})
	}
	return err
}

// prompt begins a new sequence in the memory of the old one.
func (w *writer) prompt(ids []int64) (peer.Tokens, error) {
	if err := w.generator.Truncate(0); err != nil {
		return peer.Tokens{}, err
	}
	return w.write(ids, 1)
}

// write chooses n tokens by the greatest score.
func (w *writer) write(prompt []int64, n int) (peer.Tokens, error) {
	var r peer.Tokens
	w.generator.Options().MaxTokens = n
	begin := time.Now()
	for t, err := range w.generator.Tokens(context.Background(), prompt) {
		if err != nil {
			return r, err
		}
		now := time.Now()
		r.IDs, r.Times = append(r.IDs, t.ID), append(r.Times, now.Sub(begin).Seconds())
		begin = now
	}
	return r, nil
}

func say(w io.Writer, word string, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	fmt.Fprintf(w, "%s %s\n", word, b)
}

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }
