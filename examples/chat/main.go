// Command chat holds a conversation in a terminal with a language model in ONNX, such as an export of SmolLM2-135M-Instruct, and its tokenizer.json.
//
//	$ chat -model smollm2/model.onnx -tokenizer smollm2/tokenizer.json
//	> What is the capital of France?
//	The capital of France is Paris.
//	> And of Italy?
//
// The model must take tokens and keep keys and values, as those of package gocompile's Stateful do, and have been trained on conversations in the
// form of ChatML. What was said stays in the cache: a turn costs what is new in it. Ctrl-C ends an answer, Ctrl-D the conversation.
//
// It is a module of its own, so that the tokenizer is no dependency of the compiler.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/generate"
)

func main() {
	model := flag.String("model", "model.onnx", "the model, `FILE`")
	tokens := flag.String("tokenizer", "tokenizer.json", "its tokenizer, `FILE`")
	system := flag.String("system", "You are a helpful AI assistant.", "what the model is told first")
	length := flag.Int("context", 2048, "most tokens of a conversation")
	threads := flag.Int("threads", 0, "threads of its own instead of one a processor")
	weights := flag.String("weights", "float32", "keep weights in `FORMAT`: float16, bfloat16, int8 or int4 take less memory and time, and change answers")
	var o generate.Options
	flag.Float64Var(&o.Temperature, "temperature", 0.2, "0 for the most probable answer, more for variety")
	flag.Float64Var(&o.TopP, "top-p", 0.9, "share of the probability to draw from")
	flag.Float64Var(&o.RepetitionPenalty, "repetition-penalty", 1.05, "above 1 against repetition")
	flag.IntVar(&o.MaxTokens, "max", 400, "most tokens of an answer")
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "seed of the draws")
	flag.Parse()
	format, err := gocompile.ParseWeights(*weights)
	if err == nil {
		err = run(*model, *tokens, *system, *length, o, os.Stdin, os.Stdout, gocompile.WithThreads(*threads), format)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func run(file, tokens, system string, length int, o generate.Options, in io.Reader, out io.Writer, options ...gocompile.Option) error {
	t, err := openTokenizer(tokens)
	if err != nil {
		return err
	}
	model, err := gocompile.Load(file, options...)
	if err != nil {
		return err
	}
	defer model.Close()
	steps, err := model.NewStateful(gocompile.WithMaxLen(length))
	if err != nil {
		return err
	}
	decoder, err := generate.NewDecoder(steps)
	if err != nil {
		return err
	}
	o.Stop = []int64{t.end}
	c := &conversation{tokenizer: t, generator: generate.New(decoder, o), out: out}
	prompt, err := t.message("system", system)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for fmt.Fprint(out, "> "); lines.Scan(); fmt.Fprint(out, "> ") {
		user, err := t.message("user", lines.Text())
		if err != nil {
			return err
		}
		opening, err := t.opening("assistant")
		if err != nil {
			return err
		}
		if err := c.answer(append(append(prompt, user...), opening...)); err != nil {
			return err
		}
		prompt = c.closing()
	}
	fmt.Fprintln(out)
	return lines.Err()
}

// conversation writes the answers of a model as they come.
type conversation struct {
	tokenizer *tokenizer
	generator *generate.Generator
	out       io.Writer
}

// closing is what stands between an answer and the next message; of one that was cut short, its end too.
func (c *conversation) closing() []int64 {
	if c.generator.Reason() == generate.StopToken {
		return slices.Clone(c.tokenizer.between)
	}
	return append([]int64{c.tokenizer.end}, c.tokenizer.between...)
}

// answer writes what follows a prompt, and how fast.
func (c *conversation) answer(prompt []int64) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	begin, text := time.Now(), &text{tokenizer: c.tokenizer}
	var first time.Time
	for token, err := range c.generator.Tokens(ctx, prompt) {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if first.IsZero() {
			first = time.Now()
		}
		fmt.Fprint(c.out, text.add(token.ID))
	}
	if n := len(text.ids); n > 1 {
		fmt.Fprintf(c.out, "\n\t(%d tokens, the first after %.2f s, then %.1f a second", n, first.Sub(begin).Seconds(), float64(n-1)/time.Since(first).Seconds())
		if r := c.generator.Reason(); r != generate.StopToken {
			fmt.Fprintf(c.out, "; ended by %v", r)
		}
		fmt.Fprint(c.out, ")")
	}
	fmt.Fprintln(c.out)
	if c.generator.Reason() == generate.Full {
		return fmt.Errorf("the conversation is as long as it can be; -context allows more")
	}
	return nil
}
