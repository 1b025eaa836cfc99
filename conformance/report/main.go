// Command report runs the suite and writes a page with the passes by group, operator and element type, next to those of other
// runtimes on the same cases.
//
//	go run ./conformance/report -o docs/conformance.md
//
// It runs in the root of the repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/gocompile/gocompile/conformance"
)

func main() {
	suite := flag.String("suite", "", "`folder` of a suite as gen.py writes it; empty: the archives in conformance/testdata")
	peersFile := flag.String("peers", "conformance/testdata/peers.tsv", "results of other runtimes")
	name := flag.String("runtime", "cpu", "the runtime to report on")
	out := flag.String("o", "docs/conformance.md", "the page to write")
	flag.Parse()
	if err := report(*suite, *peersFile, *name, *out); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(suite, peersFile, name, out string) error {
	rt, err := conformance.RuntimeByName(name)
	if err != nil {
		return err
	}
	cases, err := load(suite)
	if err != nil {
		return err
	}
	f, err := os.Open(peersFile)
	if err != nil {
		return err
	}
	defer f.Close()
	others, err := readPeers(f)
	if err != nil {
		return fmt.Errorf("%s: %w", peersFile, err)
	}
	text := page(cases, run(rt, cases), others)
	if err := os.WriteFile(out+".tmp", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(out+".tmp", out)
}

func load(suite string) ([]*conformance.Case, error) {
	if suite != "" {
		return conformance.ReadDir(suite)
	}
	return conformance.ReadArchives("conformance/testdata")
}

// run returns what each case failed with, nil where it passed.
func run(rt conformance.Runtime, cases []*conformance.Case) []error {
	errs := make([]error, len(cases))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				errs[i] = conformance.Check(context.Background(), rt, cases[i])
			}
		})
	}
	for i := range cases {
		next <- i
	}
	close(next)
	wg.Wait()
	return errs
}
