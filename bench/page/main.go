// Command page writes docs/benchmarks.md, and its plots, from what was measured.
//
//	go run . -scenarios bench_peers.json [-growth growth.json] [-throughput throughput.json] [-numerics numerics.json] [-reasons FILE] [-out ../../docs/benchmarks.md]
//
// The scenarios are the JSON of bench_peers.py, of a run in which this project took part as --cmd "gocompile=WORKER -profile" (bench/worker). What is not given is
// left out. FILE says why scenarios miss what they are to reach, a line each: scenario, threads, a colon and the reason.
//
// The program is a module of its own, so that the library that draws the plots reaches no user.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	var in files
	flag.StringVar(&in.scenarios, "scenarios", "", "JSON `file` of bench_peers.py")
	flag.StringVar(&in.growth, "growth", "", "JSON `file` of bench/growth")
	flag.StringVar(&in.throughput, "throughput", "", "JSON `file` of bench/throughput")
	flag.StringVar(&in.numerics, "numerics", "", "JSON `file` of bench/numerics")
	flag.StringVar(&in.reasons, "reasons", "reasons.txt", "`file` of reasons")
	out := flag.String("out", "../../docs/benchmarks.md", "the `file` that is written")
	flag.Parse()
	if err := run(in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

type files struct{ scenarios, growth, throughput, numerics, reasons string }

func run(in files, out string) error {
	d := &document{}
	var err error
	if d.scenarios, err = read[scenarios](in.scenarios); err != nil {
		return err
	}
	if d.growth, err = read[growth](in.growth); err != nil {
		return err
	}
	if d.throughput, err = read[throughput](in.throughput); err != nil {
		return err
	}
	if d.numerics, err = read[numerics](in.numerics); err != nil {
		return err
	}
	if d.reasons, err = readReasons(in.reasons); err != nil {
		return err
	}
	d.plots = strings.TrimSuffix(filepath.Base(out), ".md")
	if d.growth != nil {
		if err := drawAll(d.growth, filepath.Join(filepath.Dir(out), d.plots)); err != nil {
			return err
		}
	}
	return replace(out, []byte(d.text()))
}

// readReasons reads lines "scenario, threads: reason"; empty ones and those that begin with # say nothing.
func readReasons(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reasons := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		what, why, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not scenario, threads: reason", path, line)
		}
		reasons[strings.TrimSpace(what)] = strings.TrimSpace(why)
	}
	return reasons, lines.Err()
}

// replace writes a file beside its place and moves it there.
func replace(path string, b []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, b, 0o644); err != nil {
		return err
	}
	return os.Rename(part, path)
}
