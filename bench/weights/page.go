package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/gocompile/gocompile/internal/machine"
)

// page is the text of docs/weights.md.
func page(rows []row) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Formats of weights

The constant matrices of a model are kept as float32, in 16 bits, or as integers with scales, as `+"`--weights FORMAT`"+` or `+"`gocompile.ParseWeights`"+` says.
int8 has a scale for each column of a matrix, int4/32 one for 32 weights of a column; uint8 and uint4 have a zero point beside each scale. int4 alone means int4/32.
Products are computed in float32: integers become numbers in the registers of a kernel, as DequantizeLinear has it, and the only error is that
of rounding the weights. Formats with a8 behind them permit to round what the weights multiply too, to 8 bits with a scale for each block of a row, and multiply integers: then long prompts are
read several times as fast. Tables of embeddings, and the matrices of LSTM, GRU and RNN, are rounded to 8 bits with a scale a row where other matrices become integers. `+"`gocompile quantize`"+` tells the error of
each matrix of a model, and rounds only those that stay within a budget. With `+"`--calibrate`"+` it knows what matrices are multiplied by, and lets each weight that it rounds
make up for the errors of those before: formats that are called calibrated here.

- Embeddings: cosine of the sentence embeddings of MiniLM L6 with those of float32, over %d made-up sentences of %d to %d tokens; the mean and the least.
- Perplexity: of SmolLM2 135M on %d texts of %d tokens that it drew itself in float32.
- Greedy tokens: share of %d tokens, the most probable ones in float32 after %d drawn ones, that are the most probable ones in the format too, after the same tokens.
- Calibrated: on %d other sentences and %d other texts of the same kinds.
- Matrices: memory of those of SmolLM2 that become integers, and of its table of tokens.
- Step: median time of one more token of SmolLM2 after about %d, %s, %d threads. Times drift on a shared machine.

Written by `+"`go run ./bench/weights -zoo DIR`"+`.

| format | embeddings, mean | least | perplexity | greedy tokens | matrices, MiB | step, ms |
|---|---:|---:|---:|---:|---:|---:|
`, sentences, shortest+2, longest+1, documents, length, documents*length, prompt, others, learned, length, machine.Processor(), runtime.GOMAXPROCS(0))
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %.5f | %.5f | %.3f | %.1f %% | %.0f | %.1f |\n", r.Format, r.Embeddings.Mean, r.Embeddings.Least, r.Language.Perplexity,
			100*r.Language.Same, float64(r.Language.Bytes)/(1<<20), float64(r.Language.Step)/float64(time.Millisecond))
	}
	return b.String()
}

// writer writes a text.
func writer(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}
