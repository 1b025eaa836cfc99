// Command report runs the suite and writes a page with the passes by group, operator and element type, next to those of other
// runtimes on the same cases.
//
//	go run ./conformance/report -suite DIR
//	go run ./conformance/report -wheels DIR
//
// With a folder of wheels of earlier releases of ONNX, the page is about the suites of these, docs/releases.md. It runs in the root of the repository.
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
	suite := flag.String("suite", "", "`folder` of a suite as gen.py writes it, with the cases that are too large for conformance/testdata")
	peersFile := flag.String("peers", "conformance/testdata/peers.tsv", "results of other runtimes")
	name := flag.String("runtime", "cpu", "the runtime to report on")
	wheels := flag.String("wheels", "", "`folder` of wheels of earlier releases, whose suites to report on")
	flag.Parse()
	rt, err := conformance.RuntimeByName(*name)
	if err == nil && *wheels != "" {
		err = reportReleases(rt, *wheels, "docs/releases.md")
	} else if err == nil {
		err = report(rt, *suite, *peersFile, "docs/conformance.md")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func report(rt conformance.Runtime, suite, peersFile, out string) error {
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
	exceptions, err := readExceptions("conformance/exceptions.txt")
	if err != nil {
		return err
	}
	return put(out, page(cases, run(rt, cases), others, exceptions))
}

// put writes a page, whole or not at all.
func put(name, text string) error {
	if err := os.WriteFile(name+".tmp", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

func readExceptions(name string) (map[string]conformance.Exception, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return conformance.ReadExceptions(f)
}

// load reads the archives of the repository; of a group that the folder has too, the folder's cases.
func load(suite string) ([]*conformance.Case, error) {
	archived, err := conformance.ReadArchives("conformance/testdata")
	if err != nil || suite == "" {
		return archived, err
	}
	cases, err := conformance.ReadDir(suite)
	if err != nil {
		return nil, err
	}
	groups := map[string]bool{}
	for _, c := range cases {
		groups[c.Group] = true
	}
	for _, c := range archived {
		if !groups[c.Group] {
			cases = append(cases, c)
		}
	}
	return cases, nil
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
