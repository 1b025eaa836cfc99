package gocompile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// zooStates are the models of the zoo that have states, with how many, and the names of the first.
var zooStates = map[string]struct {
	count int
	first string
}{
	"alibi_decoder_dynamo":      {8, "past.0.key ← present.0.key"},
	"gpt2_small_dynamo":         {8, "past.0.key ← present.0.key"},
	"gru_lm_ts":                 {1, "h0 ← hn"},
	"llama_mini_dynamo":         {4, "past_key_values.0.key ← present.0.key"},
	"llama_mini_opset23_dynamo": {4, "past_key_values.0.key ← present.0.key"},
	"lstm_lm_ts":                {2, "h0 ← hn"},
	"silero_vad":                {1, "state ← stateN"},
	"silero_vad_16k_op15":       {1, "state ← stateN"},
	"silero_vad_half":           {1, "state ← stateN"},
	"smollm2_135m_dynamo":       {60, "past_key_values.0.key ← present.0.key"},
	"smollm2_135m_genai_fp32":   {60, "past_key_values.0.key ← present.0.key"},
	"smollm2_135m_ts":           {60, "past_key_values.0.key ← present.0.key"},
}

// TestZooStateful compares steps of real models with runs that are given the states.
func TestZooStateful(t *testing.T) {
	for name, want := range zooStates {
		t.Run(name, func(t *testing.T) {
			m := zooModel(t, name)
			s, err := m.NewStateful()
			if err != nil {
				t.Fatal(err)
			}
			if states := s.States(); len(states) != want.count || fmt.Sprint(states[0]) != want.first {
				t.Fatalf("states are %v", states)
			}
			zooSteps(t, m, s)
		})
	}
}

func zooSteps(t *testing.T, m *gocompile.Model, s *gocompile.Stateful) {
	r := rand.New(rand.NewPCG(1, 2))
	var e *explicit
	past := 0
	for _, n := range []int{5, 1, 1, 3, 1} {
		seed := r.Uint64()
		in, full := zooInputs(m, seed, past, n, false), zooInputs(m, seed, past, n, true)
		var options []gocompile.StepOption
		if n == 3 {
			options = append(options, gocompile.LastOnly)
		}
		got, err := s.Step(context.Background(), in, options...)
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			e = &explicit{tb: t, session: m.NewSession(), states: s.States(), now: map[string]*tensor.Tensor{}}
			for _, p := range s.States() { // as they were before: of the same shape, without positions
				x, err := s.State(p.Input)
				if err != nil {
					t.Fatal(err)
				}
				shape := append([]int{}, x.Shape()...)
				if len(shape) == 4 {
					shape[2] = 0
				}
				e.now[p.Input] = tensor.New(x.DType(), shape...)
			}
		}
		want := e.step(full)
		for name, x := range want {
			if x := x.(*tensor.Tensor); n == 3 && x.Rank() == 3 {
				want[name] = lastRow(x)
			}
		}
		sameResults(t, got, want)
		past += n
	}
	for name, want := range e.now {
		got, err := s.State(name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, got, want)
	}
}

// zooInputs makes those of tokens, or a chunk of sound.
func zooInputs(m *gocompile.Model, seed uint64, past, n int, full bool) map[string]tensor.Value {
	r := rand.New(rand.NewPCG(seed, 0))
	in := tokens(m, r, 1, past, n, full)
	for _, p := range m.Inputs() {
		switch p.Name {
		case "input":
			x := tensor.New(tensor.Float32, 1, 576)
			for i := range x.Len() {
				x.SetFloat64(i, r.NormFloat64()/10)
			}
			in[p.Name] = x
		case "sr":
			in[p.Name] = tensor.Scalar(int64(16000))
		}
	}
	return in
}
