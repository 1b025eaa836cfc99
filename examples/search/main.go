// Command search finds the lines of a text file that mean what a question means, with a model of sentences such as all-MiniLM-L6-v2.
//
//	$ search -model minilm/model.onnx -tokenizer minilm/tokenizer.json recipes.txt something warm for a cold evening
//	0.482  12  Leek and potato soup, with a little cream
//	0.431   7  Mulled wine
//	…
//
// A line is similarity, number of the line, and text. Without a question it asks for one after another, until Ctrl-D.
//
// The model turns tokens into vectors, one for a sentence or one for each token, of which the mean is taken. Lines are read in batches of about the same
// length, and the similarity is the cosine of the angle between the vectors.
//
// It is a module of its own, so that the tokenizer is no dependency of the compiler.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

type options struct {
	model, tokenizer   string
	top, batch, length int
	threads            int
}

func main() {
	o := options{}
	flag.StringVar(&o.model, "model", "model.onnx", "the model, `FILE`")
	flag.StringVar(&o.tokenizer, "tokenizer", "tokenizer.json", "its tokenizer, `FILE`")
	flag.IntVar(&o.top, "top", 5, "how many lines are shown")
	flag.IntVar(&o.batch, "batch", 32, "lines that the model reads at a time")
	flag.IntVar(&o.length, "length", 256, "tokens of a line, beyond which it is cut off")
	flag.IntVar(&o.threads, "threads", 0, "threads of its own instead of one a processor")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "search [flags] FILE.txt [question]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, o, flag.Arg(0), strings.Join(flag.Args()[1:], " "), os.Stdin, os.Stdout, os.Stderr)
	if errors.Is(err, context.Canceled) {
		os.Exit(130)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// run answers a question, or those that in has a line each, from the lines of a file. What it does meanwhile goes to report.
func run(ctx context.Context, o options, file, question string, in io.Reader, out, report io.Writer) error {
	if o.top < 1 || o.batch < 1 || o.length < 3 {
		return fmt.Errorf("wants to show 1 line, read 1 line at a time and 3 tokens of it at least, not %d, %d and %d", o.top, o.batch, o.length)
	}
	lines, err := readLines(file)
	if err != nil {
		return err
	}
	e, err := openEncoder(o)
	if err != nil {
		return err
	}
	defer e.close()
	begin := time.Now()
	bar := progressbar.NewOptions(len(lines), progressbar.OptionSetWriter(report), progressbar.OptionSetDescription("reading lines"),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetVisibility(isTerminal(report)))
	x, err := newIndex(ctx, e, lines, o.batch, func(n int) { bar.Add(n) })
	bar.Finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(report, "%d lines read in %.1f s\n", len(lines), time.Since(begin).Seconds())
	if question != "" {
		return answer(ctx, e, x, question, o.top, out)
	}
	questions := bufio.NewScanner(in)
	questions.Buffer(nil, 1<<20)
	for fmt.Fprint(out, "> "); questions.Scan(); fmt.Fprint(out, "> ") {
		if q := strings.TrimSpace(questions.Text()); q != "" {
			if err := answer(ctx, e, x, q, o.top, out); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out)
	return questions.Err()
}

// isTerminal reports whether a person looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// answer writes the lines that are most like a question.
func answer(ctx context.Context, e *encoder, x *index, question string, top int, out io.Writer) error {
	tokens, err := e.tokenizer.tokens(question)
	if err != nil {
		return err
	}
	v, err := e.vectors(ctx, [][]int64{tokens})
	if err != nil {
		return err
	}
	width := len(fmt.Sprint(x.lines[len(x.lines)-1].number))
	for _, h := range x.search(v[0], top) {
		fmt.Fprintf(out, "%.3f  %*d  %s\n", h.similarity, width, h.line.number, h.line.text)
	}
	return nil
}

// line is one of a file, counted from 1.
type line struct {
	number int
	text   string
}

// readLines are the lines of a file that are not blank.
func readLines(file string) ([]line, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []line
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	n := 0
	for s.Scan() {
		n++
		if text := strings.TrimSpace(strings.ToValidUTF8(s.Text(), "\uFFFD")); text != "" {
			lines = append(lines, line{n, text})
		}
	}
	switch {
	case s.Err() != nil:
		return nil, fmt.Errorf("%s, line %d: %w", file, n+1, s.Err())
	case len(lines) == 0:
		return nil, fmt.Errorf("%s has no lines to search", file)
	}
	return lines, nil
}

// openEncoder loads the model and its tokenizer.
func openEncoder(o options) (*encoder, error) {
	t, err := openTokenizer(o.tokenizer, o.length)
	if err != nil {
		return nil, err
	}
	model, err := gocompile.Load(o.model, gocompile.WithThreads(o.threads))
	if err != nil {
		return nil, err
	}
	e, err := newEncoder(model, t)
	if err != nil {
		model.Close()
		return nil, fmt.Errorf("%s: %w", o.model, err)
	}
	return e, nil
}
