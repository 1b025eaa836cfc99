package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
)

var update = flag.Bool("update", false, "rewrite exceptions.txt: drop what passes, add missing operators (other failures stay failures)")

const exceptionsFile = "exceptions.txt"

const exceptionsHead = `# Cases that may fail: case, runtimes (* for all), reason. One that passes fails the tests.
# "go test ./conformance -update" drops what passes and adds cases of operators that cannot be imported yet.

`

// results collects what failed, by case and runtime.
type results struct {
	sync.Mutex
	failed map[string]map[string]error
	passed map[string]int // by runtime
}

func (r *results) add(c *Case, runtime string, err error) {
	r.Lock()
	defer r.Unlock()
	if err == nil {
		r.passed[runtime]++
		return
	}
	if r.failed[c.ID()] == nil {
		r.failed[c.ID()] = map[string]error{}
	}
	r.failed[c.ID()][runtime] = err
}

// TestSuite runs every case on every runtime, grouped by operator. GOCOMPILE_SUITE may name the folder of a suite to run instead
// of the archives; gen.py writes one that also has the cases too large to be kept in the repository.
func TestSuite(t *testing.T) {
	cases := suite(t)
	exceptions := readExceptions(t, exceptionsFile)
	byOp := map[string][]*Case{}
	for _, c := range cases {
		byOp[c.Operator()] = append(byOp[c.Operator()], c)
	}
	res := &results{failed: map[string]map[string]error{}, passed: map[string]int{}}
	t.Run("op", func(t *testing.T) {
		for op, cases := range byOp {
			t.Run(strings.ReplaceAll(op, "::", "."), func(t *testing.T) {
				t.Parallel()
				for _, c := range cases {
					for _, rt := range Runtimes() {
						err := Check(context.Background(), rt, c)
						res.add(c, rt.Name, err)
						if *update {
							continue
						}
						switch e, listed := exceptions[c.ID()]; {
						case err != nil && !(listed && e.Covers(rt.Name)):
							t.Errorf("%s on %s: %v", c.ID(), rt.Name, err)
						case err == nil && listed && e.Covers(rt.Name):
							t.Errorf("%s on %s passes, but is an exception (%s)", c.ID(), rt.Name, e.Reason)
						}
					}
				}
			})
		}
	})
	for _, rt := range Runtimes() {
		fmt.Printf("conformance: %-12s passes %d of %d cases\n", rt.Name, res.passed[rt.Name], len(cases))
	}
	if *update {
		rewrite(t, cases, exceptions, res)
	}
}

func suite(t *testing.T) []*Case {
	if dir := os.Getenv("GOCOMPILE_SUITE"); dir != "" {
		all, err := ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	all, err := ReadArchives("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2000 {
		t.Fatalf("only %d cases in testdata; the suite has 2,024 that fit", len(all))
	}
	fmt.Println("conformance: GOCOMPILE_SUITE is not set; the cases above 200 KiB and the group light are not run")
	return all
}

func rewrite(t *testing.T, cases []*Case, old map[string]Exception, res *results) {
	ran := map[string]bool{}
	lines := []string{}
	for _, c := range cases {
		id := c.ID()
		ran[id] = true
		failed := res.failed[id]
		if len(failed) == 0 {
			continue
		}
		var names []string
		reason := old[id].Reason
		if strings.HasSuffix(reason, "not supported yet") {
			reason = ""
		}
		for _, rt := range Runtimes() {
			err := failed[rt.Name]
			if err == nil {
				continue
			}
			names = append(names, rt.Name)
			var missing *onnx.UnsupportedError
			if reason == "" && errors.As(err, &missing) {
				reason = "operator " + missing.Ops[0].Op + " not supported yet"
			}
			if reason == "" {
				t.Errorf("%s on %s: %v", id, rt.Name, err)
			}
		}
		if len(names) == len(Runtimes()) {
			names = []string{"*"}
		}
		if reason != "" {
			lines = append(lines, id+" "+strings.Join(names, ",")+" "+reason)
		}
	}
	for id, e := range old {
		if !ran[id] {
			lines = append(lines, id+" "+strings.Join(e.Runtimes, ",")+" "+e.Reason)
		}
	}
	sort.Strings(lines)
	if err := os.WriteFile(exceptionsFile, []byte(exceptionsHead+strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
