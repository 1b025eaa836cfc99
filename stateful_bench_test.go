package gocompile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// BenchmarkDecode takes one step of a decoder behind some positions: with a Stateful, and with a Run that is given the past and gives the present. The models
// are one of two small layers, and those of the zoo if GOCOMPILE_ZOO is set.
func BenchmarkDecode(b *testing.B) {
	b.Run("small", func(b *testing.B) { benchmarkDecode(b, decoder(b, "plain").compile()) })
	for _, name := range []string{"llama_mini_dynamo", "smollm2_135m_dynamo", "smollm2_135m_genai_fp32"} {
		b.Run(name, func(b *testing.B) { benchmarkDecode(b, zooModel(b, name, gocompile.WithThreads(1))) })
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

// BenchmarkBatch takes a step of some sequences together, behind 256 positions each.
func BenchmarkBatch(b *testing.B) {
	bench := func(b *testing.B, m *gocompile.Model) {
		for _, n := range []int{1, 2, 4, 8, 16} {
			b.Run(fmt.Sprint(n), func(b *testing.B) {
				const past = 256
				batch, err := m.NewBatch()
				if err != nil {
					b.Fatal(err)
				}
				turns, in := make([]gocompile.Turn, n), map[string]tensor.Value{}
				step := func(rows int) {
					for i := range turns {
						turns[i].Rows = rows
					}
					in["input_ids"] = tensor.New(tensor.Int64, n*rows, 1)
					if _, err := batch.Step(context.Background(), turns, in, gocompile.LastOnly); err != nil {
						b.Fatal(err)
					}
				}
				for i := range turns {
					turns[i].Sequence = batch.NewSequence()
				}
				step(past)
				step(1)
				b.ReportAllocs()
				for b.Loop() {
					for _, t := range turns {
						if err := t.Sequence.Truncate(past); err != nil {
							b.Fatal(err)
						}
					}
					step(1)
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
	b.Run("small", func(b *testing.B) { bench(b, decoder(b, "plain").compile()) })
	for _, name := range []string{"smollm2_135m_dynamo", "smollm2_135m_genai_fp32"} {
		b.Run(name, func(b *testing.B) { bench(b, zooModel(b, name)) })
	}
}

// BenchmarkCache takes a step of a decoder behind 4,096 positions that are kept in one type or another, and says at which rate it reads them and the
// weights, which is what such a step is bound by.
func BenchmarkCache(b *testing.B) {
	const past = 4096
	m := zooModel(b, "smollm2_135m_dynamo")
	weights := int64(0)
	for _, p := range m.Parameters() {
		weights += int64(p.Elem.ByteLen(int(p.Count)))
	}
	for _, kept := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.Int8} {
		for _, past := range []int{1, past} {
			b.Run(fmt.Sprint(kept, "/", past), func(b *testing.B) {
				s, err := m.NewStateful(gocompile.WithCache(kept))
				if err != nil {
					b.Fatal(err)
				}
				r := rand.New(rand.NewPCG(1, 2))
				for _, p := range s.States() { // any numbers
					x := tensor.New(tensor.Float32, 1, 3, past, 64)
					for i, all := 0, tensor.Data[float32](x); i < len(all); i++ {
						all[i] = float32(r.NormFloat64())
					}
					if err := s.SetState(p.Input, x); err != nil {
						b.Fatal(err)
					}
				}
				in := tokens(m, r, 1, past, 1, false)
				step := func() {
					if _, err := s.Step(context.Background(), in); err != nil {
						b.Fatal(err)
					}
					if err := s.Truncate(past); err != nil {
						b.Fatal(err)
					}
				}
				step()
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				each := 3 * 64 * kept.Bits() / 8
				cache := int64(len(s.States()) * past * each)
				b.ReportMetric(float64(cache)/1e6, "MB-cache")
				b.ReportMetric(float64(cache+weights)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}
