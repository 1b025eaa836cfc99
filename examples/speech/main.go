// Command speech finds where somebody speaks in a recording or a stream, with the voice activity detector of silero.
//
//	$ speech -model silero_vad.onnx talk.wav
//	   0.514     3.678
//	   4.130     9.886
//	$ arecord -q -t raw -f S16_LE -r 16000 | speech -model silero_vad.onnx -
//
// A line is the begin and the end of a stretch of speech in seconds; it is written as soon as the stretch is over. Files are WAV of any rate, of which
// channels are averaged; "-" is the standard input, 16-bit samples of one channel, 16,000 a second and little endian.
//
// The model reads 32 ms at a time, and remembers what it heard in a state that a gocompile.Stateful keeps. What becomes of its probabilities follows
// get_speech_timestamps of the package silero-vad.
//
// It is a module of its own, so that what reads sound is no dependency of the compiler.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/gocompile/gocompile"
)

func main() {
	model := flag.String("model", "silero_vad.onnx", "the model, `FILE`")
	timed := flag.Bool("time", false, "tell how long the model took for a chunk")
	r := defaults
	flag.Float64Var(&r.Threshold, "threshold", r.Threshold, "probability from which on a chunk is speech")
	flag.DurationVar(&r.MinSpeech, "min-speech", r.MinSpeech, "shorter stretches are no speech")
	flag.DurationVar(&r.MinSilence, "min-silence", r.MinSilence, "shorter pauses are part of a stretch")
	flag.DurationVar(&r.Pad, "pad", r.Pad, "what a stretch is made longer by at both ends")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "speech [flags] FILE.wav, or - for raw samples from the standard input\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var report io.Writer
	if *timed {
		report = os.Stderr
	}
	if err := run(ctx, *model, flag.Arg(0), r, os.Stdout, report); err != nil {
		fmt.Fprintln(os.Stderr, "speech:", err)
		os.Exit(1)
	}
}

// run writes the speech of a file, or of the standard input for "-", and to report, unless it is nil, how long chunks took.
func run(ctx context.Context, modelFile, soundFile string, r rules, out, report io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	model, err := gocompile.Load(modelFile, gocompile.WithThreads(1)) // a chunk is too little work to share
	if err != nil {
		return err
	}
	defer model.Close()
	d, err := newDetector(model)
	if err != nil {
		return fmt.Errorf("%s: %w", modelFile, err)
	}
	in, err := open(soundFile)
	if err != nil {
		return err
	}
	defer in.Close()
	times, err := listen(ctx, d, in, newSegmenter(r), func(s segment) {
		fmt.Fprintf(out, "%8.3f  %8.3f\n", seconds(s.Begin), seconds(s.End))
	})
	if report != nil && len(times) > 0 {
		slices.Sort(times)
		fmt.Fprintf(report, "%d chunks of %d ms: median %.3f ms, 99 of 100 within %.3f ms\n", len(times), chunk*1000/rate,
			times[len(times)/2].Seconds()*1e3, times[len(times)*99/100].Seconds()*1e3)
	}
	if errors.Is(err, context.Canceled) {
		return nil // an interrupt is how a stream ends
	}
	return err
}

// listen reads sound to its end and calls found for each stretch of speech. It returns how long the model took for each chunk.
func listen(ctx context.Context, d *detector, in sound, s *segmenter, found func(segment)) ([]time.Duration, error) {
	var times []time.Duration
	samples, all := make([]float32, chunk), 0
	var err error
	for err == nil {
		var n int
		n, err = in.Read(ctx, samples)
		if n == 0 {
			break
		}
		clear(samples[n:]) // the last chunk may be short
		begin := time.Now()
		p, failed := d.probability(ctx, samples)
		if failed != nil {
			err = failed
			break
		}
		times = append(times, time.Since(begin))
		all += n
		s.add(p, found)
	}
	s.end(all, found)
	if err == io.EOF {
		err = nil
	}
	return times, err
}

func seconds(samples int) float64 { return float64(samples) / rate }
