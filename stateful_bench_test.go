package gocompile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// BenchmarkDecode takes one step of a decoder behind some positions: with a Stateful, and with a Run that is given the past and gives the present. The models
// are one of two small layers, and those of the zoo if GOCOMPILE_ZOO is set.
func BenchmarkDecode(b *testing.B) {
	b.Run("small", func(b *testing.B) { benchmarkDecode(b, decoder(b, "plain").compile()) })
	for _, name := range []string{"llama_mini_dynamo", "smollm2_135m_dynamo", "smollm2_135m_genai_fp32"} {
		file := filepath.Join(os.Getenv("GOCOMPILE_ZOO"), name, "model.onnx")
		if _, err := os.Stat(file); err != nil {
			continue
		}
		b.Run(name, func(b *testing.B) {
			m, err := gocompile.Load(file, gocompile.WithThreads(1))
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			benchmarkDecode(b, m)
		})
	}
}

func benchmarkDecode(b *testing.B, m *gocompile.Model) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, past := range []int{256, 4096} {
		s, err := m.NewStateful()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Step(context.Background(), tokens(m, r, 1, 0, 1, true)); err != nil {
			b.Fatal(err)
		}
		all := tokens(m, r, 1, past, 1, true)
		for _, p := range s.States() { // any numbers
			x, err := s.State(p.Input)
			if err != nil {
				b.Fatal(err)
			}
			shape := append([]int{}, x.Shape()...)
			shape[2] = past
			x = tensor.New(tensor.Float32, shape...)
			for i := range x.Len() {
				x.SetFloat64(i, r.NormFloat64())
			}
			if err := s.SetState(p.Input, x); err != nil {
				b.Fatal(err)
			}
			all[p.Input] = x
		}
		b.Run(fmt.Sprintf("stateful/%d", past), func(b *testing.B) {
			in := tokens(m, r, 1, past, 1, false)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Step(context.Background(), in); err != nil {
					b.Fatal(err)
				}
				if err := s.Truncate(past); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("explicit/%d", past), func(b *testing.B) {
			session := m.NewSession()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := session.Run(context.Background(), all); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
