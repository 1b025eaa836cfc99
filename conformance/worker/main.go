// Command worker runs recorded cases for an independent judge. It reads the folder of a case a line from standard input and
// answers each with one line of JSON on standard output:
//
//	{"status":"ran","outputs":["/tmp/…/output_0.pb", …]}
//	{"status":"unsupported","msg":"why"}
//
// Outputs are TensorProto, SequenceProto, OptionalProto or MapProto files, valid until the next line is read. Whatever is wrong
// with a case is an answer: the worker ends with its input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

type answer struct {
	Status  string   `json:"status"`
	Outputs []string `json:"outputs"`
	Msg     string   `json:"msg,omitempty"`
}

func main() {
	name := flag.String("runtime", "cpu", "reference, cpu-raw (no passes) or cpu")
	flag.Parse()
	if err := serve(*name); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func serve(name string) error {
	rt, err := conformance.RuntimeByName(name)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		os.RemoveAll(dir)
		os.Exit(130)
	}()
	return answerAll(rt, os.Stdin, os.Stdout, dir)
}

// answerAll answers every line of r; outputs are kept in dir until the next line.
func answerAll(rt conformance.Runtime, r io.Reader, w io.Writer, dir string) (err error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(w)
	var last []string
	for in.Scan() {
		for _, f := range last {
			os.Remove(f)
		}
		line := strings.TrimRight(in.Text(), "\r")
		var a answer
		if last, err = run(rt, line, dir); err == nil {
			a = answer{Status: "ran", Outputs: last}
		} else {
			a = answer{Status: "unsupported", Msg: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return in.Err()
}

// run runs the first data set of a case and writes its outputs into dir.
func run(rt conformance.Runtime, folder, dir string) (files []string, err error) {
	files = []string{}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("PANIC: %v", p)
		}
	}()
	c, err := conformance.ReadCase(folder)
	if err != nil {
		return nil, err
	}
	if len(c.Sets) == 0 {
		return nil, errors.New("no data set")
	}
	m, err := proto.Decode(c.Model)
	if err != nil {
		return nil, err
	}
	inputs, _, err := c.Decode(m, 0)
	if err != nil {
		return nil, err
	}
	outputs, err := rt.Safe(context.Background(), c.Model, inputs.Map())
	if err != nil {
		return nil, err
	}
	for i, x := range outputs {
		f := filepath.Join(dir, fmt.Sprintf("output_%d.pb", i))
		if err := os.WriteFile(f, proto.EncodeValue(m.Graph.Outputs[i].Name, x), 0o600); err != nil {
			return files, err
		}
		files = append(files, f)
	}
	return files, nil
}
