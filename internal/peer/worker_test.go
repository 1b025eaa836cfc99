package peer

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary stand for a worker that answers with what is in the environment, a line for each that it reads.
func TestMain(m *testing.M) {
	if script := os.Getenv("PEER_TEST_SCRIPT"); script != "" {
		for _, line := range strings.Split(script, "|") {
			os.Stdout.WriteString(line + "\n")
			if !strings.HasPrefix(line, "noise") {
				os.Stdin.Read(make([]byte, 64))
			}
		}
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T, script string) *Worker {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PEER_TEST_SCRIPT", script)
	w, err := Start(context.Background(), []string{self}, Task{Model: "m", Inputs: "i", Outputs: "o", Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Kill)
	if got := w.cmd.Args[1:]; !slices.Equal(got, []string{"--model", "m", "--inputs", "i", "--outputs", "o", "--threads", "2"}) {
		t.Errorf("started with %q", got)
	}
	return w
}

func TestWorker(t *testing.T) {
	w := start(t, `noise|READY {"load_s": 1, "first_s": 2, "rss_mb": 3, "info": "x"}|TIMES [0.5, 0.25]|COUNT {"runs": 6, "seconds": 2}|TOKENS {"ids": [7], "times_s": [3]}|TOKENS {"ids": [8, 9], "times_s": [1, 2]}|CPU {"cpu_s": 0.125}|DONE {"rss_mb": 7}`)
	if r, err := w.Ready(); err != nil || r.Load != 1 || r.First != 2 || r.RSS != 3 || r.Info != "x" {
		t.Errorf("%+v, %v", r, err)
	}
	if times, err := w.Run(2, time.Second); err != nil || !slices.Equal(times, []float64{0.5, 0.25}) {
		t.Errorf("%v, %v", times, err)
	}
	if c, err := w.Sessions(3, time.Second); err != nil || c.Rate() != 3 {
		t.Errorf("%v, %v", c, err)
	}
	if p, err := w.Prompt([]int64{5, 6}); err != nil || !slices.Equal(p.IDs, []int64{7}) || !slices.Equal(p.Times, []float64{3}) {
		t.Errorf("%v, %v", p, err)
	}
	if p, err := w.Tokens(2); err != nil || !slices.Equal(p.IDs, []int64{8, 9}) || !slices.Equal(p.Times, []float64{1, 2}) {
		t.Errorf("%v, %v", p, err)
	}
	if used, err := w.Idle(time.Second); err != nil || used != 0.125 {
		t.Errorf("%v, %v", used, err)
	}
	if rss, err := w.Quit(); err != nil || rss != 7 {
		t.Errorf("%v, %v", rss, err)
	}
}

func TestWorkerFails(t *testing.T) {
	var refused *RefusedError
	if _, err := start(t, `FAIL "no operator Sparkle"`).Ready(); !errors.As(err, &refused) || refused.Reason != "no operator Sparkle" {
		t.Errorf("error %v", err)
	}
	if _, err := start(t, "noise").Ready(); err == nil || !strings.Contains(err.Error(), "ended without an answer") {
		t.Errorf("error %v", err)
	}
	if _, err := start(t, "DONE {}").Ready(); err == nil || !strings.Contains(err.Error(), "DONE") {
		t.Errorf("error %v", err)
	}
	w := start(t, `READY {}|DONE {}`)
	if _, err := w.Ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(1, time.Second); err == nil || !strings.Contains(err.Error(), "expected TIMES, got DONE") {
		t.Errorf("error %v", err)
	}
	if w, err := Start(context.Background(), []string{"/no/such/program"}, Task{}); err == nil || w != nil {
		t.Errorf("a program that is not there was started: %v, %v", w, err)
	}
}
