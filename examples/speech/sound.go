package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/gopxl/beep/v2"
	"github.com/gopxl/beep/v2/wav"
)

// sound is a stream of samples between −1 and 1, of one channel and at the rate of the detector.
type sound interface {
	// Read fills samples as far as the stream goes. Behind its end it returns [io.EOF].
	Read(ctx context.Context, samples []float32) (int, error)
	io.Closer
}

// open opens a WAV file, or the standard input, of raw samples, for "-".
func open(name string) (sound, error) {
	if name == "-" {
		return newRaw(os.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	s, err := newWAV(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// raw reads 16-bit samples. A goroutine does, so that an interrupt ends a program that waits for a microphone.
type raw struct {
	chunks chan []float32
	left   []float32
	err    error // valid when chunks is closed
	done   chan struct{}
}

func newRaw(r io.Reader) *raw {
	s := &raw{chunks: make(chan []float32), done: make(chan struct{})}
	go func() {
		defer close(s.chunks)
		b := make([]byte, 2*chunk)
		for {
			n, err := io.ReadFull(r, b)
			samples := make([]float32, n/2)
			for i := range samples {
				samples[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / -math.MinInt16
			}
			if len(samples) > 0 {
				select {
				case s.chunks <- samples:
				case <-s.done:
					return
				}
			}
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					s.err = err
				}
				return
			}
		}
	}()
	return s
}

func (s *raw) Read(ctx context.Context, samples []float32) (int, error) {
	n := 0
	for n < len(samples) {
		if len(s.left) == 0 {
			select {
			case more, ok := <-s.chunks:
				if !ok {
					return n, orEOF(s.err)
				}
				s.left = more
			case <-ctx.Done():
				return n, ctx.Err()
			}
		}
		k := copy(samples[n:], s.left)
		s.left, n = s.left[k:], n+k
	}
	return n, nil
}

func (s *raw) Close() error {
	close(s.done)
	return nil
}

// orEOF is the error that ended a stream, or its end.
func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// wave is a WAV file.
type wave struct {
	file   io.Closer
	stream beep.Streamer
	pairs  [][2]float64
}

// resampling is a quality between 1 and 64; see [beep.Resample].
const resampling = 6

func newWAV(f io.ReadCloser) (s *wave, err error) {
	defer func() {
		if x := recover(); x != nil { // the decoder takes sizes on trust
			err = fmt.Errorf("not a sound WAV file: %v", x)
		}
	}()
	stream, format, err := wav.Decode(whole{bufio.NewReader(f)})
	if err != nil {
		return nil, err
	}
	if stream.Len() <= 0 {
		return nil, errors.New("wav: it has no samples, or does not say how many; what is written as a stream does not, and can be read as raw samples from the standard input")
	}
	if format.SampleRate < 1000 || format.SampleRate > 1_000_000 {
		return nil, fmt.Errorf("wav: %d samples a second", format.SampleRate)
	}
	s = &wave{file: f, stream: ending{stream}}
	if format.SampleRate != rate {
		s.stream = beep.Resample(resampling, format.SampleRate, rate, s.stream)
	}
	return s, nil
}

func (s *wave) Read(ctx context.Context, samples []float32) (n int, err error) {
	if s.pairs == nil {
		s.pairs = make([][2]float64, chunk)
	}
	for n < len(samples) {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		k, ok := s.stream.Stream(s.pairs[:min(len(s.pairs), len(samples)-n)])
		if !ok || k == 0 {
			return n, orEOF(s.stream.Err())
		}
		for _, p := range s.pairs[:k] {
			samples[n] = float32((p[0] + p[1]) / 2) // of one channel both are the same
			n++
		}
	}
	return n, nil
}

func (s *wave) Close() error { return s.file.Close() }

// whole reads as much as it is asked for, so that no frame is torn.
type whole struct{ r io.Reader }

func (w whole) Read(p []byte) (int, error) {
	n, err := io.ReadFull(w.r, p)
	if err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// ending is a stream that ends where nothing more comes, also if the file promised more.
type ending struct{ beep.Streamer }

func (e ending) Stream(samples [][2]float64) (int, bool) {
	n, ok := e.Streamer.Stream(samples)
	return n, ok && n > 0
}
