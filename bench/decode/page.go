package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/internal/peer"
)

// report is all that was measured.
type report struct {
	setting  peer.Setting
	options  options
	programs []program
	steps    []step
}

// page is the text of docs/decoding.md.
func (r report) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Decoding

How fast language models write, one token after another for one reader.

Written by `+"`go run ./bench/decode -zoo DIR -python PYTHON`"+`, on %s, %s, %s, %d threads each.

## SmolLM2-135M

A prompt of text as long as the context, then %d tokens by the greatest score. All programs run the same file, which its makers exported for onnxruntime-genai, are alive at once, and take
turns of %d tokens. The first token is the time from the prompt, the least of the tries; tokens a second is one over the median time of a token after it. The ratio is time
over that of onnxruntime-genai: below 1 is faster. Agreement is how many tokens are those of float32 before the first that is another. Peak is the largest
resident size of the process, which under Python includes it. Formats of weights are those of `+"`--weights`"+`; rounding them is a choice that changes what is written.

`, r.setting.Date, r.setting.Processor, r.setting.System, r.setting.Threads, 1+r.options.rounds*r.options.tokens, r.options.tokens)
	r.writePrograms(&b)
	b.WriteString(`
## What a step must read

A step for one reader does little with each weight: it can be no faster than the weights, and the keys and values of the context, are read from memory. The bandwidth is the best at
which as many bytes were read again and again by as many threads before and after. The last column is the time of a step over that of reading alone. Models of random weights, as these
LSTM and GRU are, take the same time as trained ones.

| model | weights | context | MB a token | bandwidth GB/s | at least | step | ratio |
|---|---|---:|---:|---:|---:|---:|---:|
`)
	for _, s := range r.steps {
		context := ""
		if s.context > 0 {
			context = fmt.Sprint(s.context)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f | %.1f | %s | %s | %.2f |\n", s.model, s.weights, context, float64(s.bytes())/1e6, s.bandwidth/1e9,
			peer.Seconds(s.bound()), peer.Seconds(s.took), s.took/s.bound())
	}
	return b.String()
}

func (r report) writePrograms(b *strings.Builder) {
	b.WriteString("| context | program | first token | ratio | tokens/s | ratio | agreement | peak MB |\n|---:|---|---:|---:|---:|---:|---:|---:|\n")
	find := func(name string) int {
		return slices.IndexFunc(r.programs, func(p program) bool { return p.name == name && p.failed == "" })
	}
	other, exact := find("onnxruntime-genai"), find("gocompile float32")
	for k, length := range r.options.contexts {
		for i, p := range r.programs {
			fmt.Fprintf(b, "| %d | %s |", length, p.name)
			if p.failed != "" {
				b.WriteString(" fails | | | | | |\n")
				continue
			}
			at := p.at[k]
			first, next := "", ""
			if other >= 0 && i != other {
				o := r.programs[other].at[k]
				first, next = fmt.Sprintf("%.2f", slices.Min(at.first)/slices.Min(o.first)), fmt.Sprintf("%.2f", peer.Median(at.next)/peer.Median(o.next))
			}
			agreement := ""
			if exact >= 0 && i != exact {
				agreement = fmt.Sprintf("%d of %d", equal(at.ids, r.programs[exact].at[k].ids), len(at.ids))
			}
			fmt.Fprintf(b, " %s | %s | %.1f | %s | %s | %.0f |\n", peer.Seconds(slices.Min(at.first)), first, 1/peer.Median(at.next), next, agreement, p.peak)
		}
	}
}

// equal is the number of leading tokens that are the same.
func equal(a, b []int64) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
