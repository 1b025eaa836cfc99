package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// isTerminal reports whether a stream is one that a person looks at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// progress shows on a terminal that long work goes on, and nothing elsewhere.
type progress struct{ w io.Writer }

func newProgress(stderr io.Writer) *progress {
	if !isTerminal(stderr) {
		return &progress{}
	}
	return &progress{stderr}
}

// spin turns a spinner until the returned function is called. It appears only after a moment, so that short work shows nothing.
func (p *progress) spin(what string) (done func()) {
	if p.w == nil {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-stop:
			return
		case <-time.After(300 * time.Millisecond):
		}
		bar := p.bar(what, -1)
		for {
			bar.Add(1)
			select {
			case <-stop:
				bar.Finish()
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}

// count shows a bar that step moves by one of n.
func (p *progress) count(what string, n int) (step, done func()) {
	if p.w == nil {
		return func() {}, func() {}
	}
	bar := p.bar(what, n)
	return func() { bar.Add(1) }, func() { bar.Finish() }
}

func (p *progress) bar(what string, n int) *progressbar.ProgressBar {
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(what),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30), progressbar.OptionShowCount())
}
