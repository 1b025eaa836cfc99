package peer

import (
	"context"
	"flag"
	"io"
	"os"
	"slices"
	"testing"
	"time"
)

func TestRace(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	speaks := func(script string) []string { return []string{"/usr/bin/env", "PEER_TEST_SCRIPT=" + script, self} }
	if _, err := os.Stat("/usr/bin/env"); err != nil {
		t.Skip(err)
	}
	results, err := Race(context.Background(), []Runtime{
		{"a", speaks(`READY {"load_s": 1, "first_s": 2, "rss_mb": 3}|TIMES [3, 1]|TIMES [2]|DONE {"rss_mb": 9}`)},
		{"b", speaks(`FAIL "no"`)},
	}, Task{}, 2, 10, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Runtime != "a" || r.Load != 1 || r.First != 2 || r.Peak != 9 || r.Median() != 2 || !slices.Equal(r.Times, []float64{3, 1, 2}) {
		t.Errorf("got %+v", r)
	}
	if r := results[1]; r.Runtime != "b" || r.Failed != "no" || r.Median() != 0 {
		t.Errorf("got %+v", r)
	}
	if _, err := Race(context.Background(), []Runtime{{"a", speaks("READY {}|DONE {}")}}, Task{}, 1, 1, time.Second); err == nil {
		t.Error("a worker that ends instead of running is no error")
	}
}

func TestFlags(t *testing.T) {
	var list []Runtime
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	Flags(f, &list)
	if err := f.Parse([]string{"-python", "py", "-peer", "x=run it"}); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "onnxruntime" || list[0].Command[0] != "py" || list[1].Name != "x" || !slices.Equal(list[1].Command, []string{"run", "it"}) {
		t.Errorf("got %+v", list)
	}
	if err := f.Parse([]string{"-peer", "x"}); err == nil {
		t.Error("a peer without a command is accepted")
	}
}
