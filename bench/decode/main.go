// Command decode measures how fast language models write, and writes docs/decoding.md.
//
//	go run ./bench/decode -zoo DIR -python PYTHON [-threads N] [-weights float32,float16,…] [-out docs/decoding.md]
//
// DIR holds the models smollm2_135m_genai_fp32, lstm_lm_ts and gru_lm_ts as NAME/model.onnx, and PYTHON has the packages onnxruntime-genai and numpy. The first model is
// run by this project, in each format of weights, and by onnxruntime-genai, all on the same file: a prompt as long as each context, the token after it, and then
// more. All programs are alive at once and take turns, one at a time. Then steps of all models are held against the time in which the processor can read
// what a step must read. It takes about five minutes on two threads.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/internal/peer"
)

const model = "smollm2_135m_genai_fp32"

type options struct {
	zoo, python    string
	threads        int
	weights        []string
	contexts       []int
	rounds, tokens int // turns of each program, and tokens of a turn
}

func (o options) file(name string) string { return filepath.Join(o.zoo, name, "model.onnx") }

func main() {
	o := options{weights: []string{"float32", "float16", "int8", "int4"}, contexts: []int{256, 1024, 4096}}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.StringVar(&o.python, "python", "", "a `PYTHON` with onnxruntime-genai and numpy; without, it is left out")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of each program")
	flag.IntVar(&o.rounds, "rounds", 4, "turns of each program at a context")
	flag.IntVar(&o.tokens, "tokens", 16, "tokens of a turn")
	flag.Func("weights", "`FORMATS` of the weights, comma-separated, as for --weights of the command line", func(s string) error {
		o.weights = strings.Split(s, ",")
		return nil
	})
	flag.Func("contexts", "`LENGTHS` of prompts in tokens, comma-separated", func(s string) (err error) {
		o.contexts, err = numbers(s)
		return err
	})
	out := flag.String("out", "docs/decoding.md", "the `file` that is written")
	asWorker := flag.Bool("worker", false, "be a worker, whose first format of weights counts")
	file, _, _ := flag.String("model", "", "the model `file` of a worker"), flag.String("inputs", "", "not used"), flag.String("outputs", "", "not used")
	flag.Parse()
	var err error
	if *asWorker {
		err = work(*file, o.weights[0], o.threads, os.Stdin, os.Stdout)
	} else {
		err = run(o, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func numbers(s string) ([]int, error) {
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no length", part)
		}
		list = append(list, n)
	}
	return list, nil
}

func run(o options, out string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := report{setting: peer.Here(o.threads), options: o}
	var err error
	if r.programs, err = race(ctx, o); err != nil {
		return err
	}
	if r.steps, err = measureSteps(ctx, o, r.programs); err != nil {
		return err
	}
	return file.Replace(out, func(w io.Writer) error {
		_, err := io.WriteString(w, r.page())
		return err
	})
}
