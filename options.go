package gocompile

import (
	"fmt"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/backend/cuda"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// backends lists the back ends, the fastest first.
func backends() []backend.Backend { return []backend.Backend{cuda.Backend(), cpu.Backend()} }

// Option changes how a model is compiled.
type Option func(*config)

type config struct {
	backend string
	threads int
	memory  int64
	weights tensor.DType
	rounded *passes.WeightOptions // nil: no weights become integers
	check   bool                  // the checksums of a compiled model
	dims    map[string]int
	passes  passes.Options
}

func newConfig(options []Option) *config {
	c := &config{backend: "cpu", dims: map[string]int{}}
	for _, o := range options {
		o(c)
	}
	return c
}

// WithBackend chooses what the model runs on: "cpu", which is the default, "cuda", or "auto" for the fastest that this build and machine
// have.
func WithBackend(name string) Option { return func(c *config) { c.backend = name } }

// WithThreads gives the model n threads of its own, the caller's among them, instead of those that all models of the process share
// (as many as GOMAXPROCS).
func WithThreads(n int) Option { return func(c *config) { c.threads = n } }

// WithMemoryLimit makes a run that would need more than n bytes for intermediate values of a session fail with an error.
func WithMemoryLimit(n int64) Option { return func(c *config) { c.memory = n } }

// WithWeights keeps constant float32 matrices in tensor.Float16 or tensor.BFloat16, which they are rounded to: half the memory, and half the
// time of what is bound by reading weights, as the decoding of text is. Products are computed in float32 all the same. A matrix that float16
// cannot hold stays as it is. Another type makes compilation fail.
func WithWeights(t tensor.DType) Option { return func(c *config) { c.weights = t } }

// WithIntegerWeights rounds the constant matrices of products to integers of 8 or 4 bits with scales, and those of LSTM, GRU and RNN to 8 bits, which is how they
// stay in memory: a quarter or an eighth of it, and of the time of what is bound by reading weights. Products are computed in float32 all the same, unless
// [passes.WeightFormat] permits them to round what they multiply too. It changes results by more than WithWeights does. A model that [Model.WriteFile] wrote
// cannot be rounded again. See [passes.QuantizeWeights].
func WithIntegerWeights(o passes.WeightOptions) Option { return func(c *config) { c.rounded = &o } }

// leastRounded is the elements from which on [ParseWeights] rounds matrices to integers: smaller ones gain nothing.
const leastRounded = 4096

// ParseWeights is the option that keeps matrices in a format by name: float32 as they are, float16 or bfloat16 as WithWeights, or a format of integers as
// [passes.ParseWeightFormat] reads it, tables of embeddings and recurrent matrices in 8 bits then.
func ParseWeights(name string) (Option, error) {
	switch name {
	case "float32":
		return WithWeights(tensor.Float32), nil
	case "float16":
		return WithWeights(tensor.Float16), nil
	case "bfloat16":
		return WithWeights(tensor.BFloat16), nil
	}
	f, err := passes.ParseWeightFormat(name)
	if err != nil {
		return nil, fmt.Errorf("%w; float32, float16 and bfloat16 are too", err)
	}
	return WithIntegerWeights(passes.WeightOptions{Format: f, Tables: true, Least: leastRounded}), nil
}

// WithCheck compares all of a compiled model with its checksums when it is loaded, which reads the whole file. Without it that is done for the
// description alone.
func WithCheck() Option { return func(c *config) { c.check = true } }

// WithDim fixes a named dimension of the model when it is compiled.
func WithDim(name string, n int) Option { return func(c *config) { c.dims[name] = n } }

// WithPasses chooses which passes run; see [passes.Options].
func WithPasses(o passes.Options) Option { return func(c *config) { c.passes = o } }

// WithoutPasses runs the model as it was imported.
func WithoutPasses() Option {
	return func(c *config) {
		c.passes.Disable = map[string]bool{}
		for _, p := range passes.Pipeline() {
			c.passes.Disable[p.Name] = true
		}
	}
}
