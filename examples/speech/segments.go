package main

import (
	"fmt"
	"time"
)

// rules say what speech is, given the probability of each chunk.
type rules struct {
	Threshold  float64       // a chunk is speech from this probability on, and silence when it is lower by hysteresis
	MinSpeech  time.Duration // what is not longer is dropped
	MinSilence time.Duration // a pause that is shorter does not end speech
	Pad        time.Duration // is added on both sides
}

// defaults are those of get_speech_timestamps.
var defaults = rules{Threshold: 0.5, MinSpeech: 250 * time.Millisecond, MinSilence: 100 * time.Millisecond, Pad: 30 * time.Millisecond}

// hysteresis is how far below the threshold silence begins, which is 0.01 at least.
const hysteresis = 0.15

func (r rules) check() error {
	if !(r.Threshold > 0 && r.Threshold <= 1) {
		return fmt.Errorf("the threshold is a probability above 0, not %g", r.Threshold)
	}
	if r.MinSpeech < 0 || r.MinSilence < 0 || r.Pad < 0 {
		return fmt.Errorf("no duration may be negative: speech %v, silence %v, padding %v", r.MinSpeech, r.MinSilence, r.Pad)
	}
	return nil
}

// segment is a stretch of speech, in samples from the begin of the stream.
type segment struct{ Begin, End int }

// segmenter puts speech together from chunks as they come.
type segmenter struct {
	threshold, low             float64
	minSpeech, minSilence, pad int // samples
	now                        int // where the next chunk begins
	speaking                   bool
	begin                      int
	pausing                    bool
	pause                      int      // where the pause began
	held                       *segment // the last stretch, padded at its begin only: a following one that is close shares the pause with it
}

func newSegmenter(r rules) *segmenter {
	samples := func(d time.Duration) int { return int(d * rate / time.Second) }
	return &segmenter{threshold: r.Threshold, low: max(r.Threshold-hysteresis, 0.01),
		minSpeech: samples(r.MinSpeech), minSilence: samples(r.MinSilence), pad: samples(r.Pad)}
}

// add takes the probability of the next chunk.
func (s *segmenter) add(p float64, found func(segment)) {
	at := s.now
	s.now += chunk
	switch {
	case p >= s.threshold && !s.speaking:
		s.speaking, s.begin = true, at
	case p >= s.threshold:
		s.pausing = false
	case p < s.low && s.speaking:
		if !s.pausing {
			s.pausing, s.pause = true, at
		}
		if at-s.pause >= s.minSilence {
			s.close(s.pause, found)
		}
	}
	next := s.now
	if s.speaking {
		next = s.begin
	}
	if s.held != nil && next-s.held.End >= 2*s.pad { // whatever comes leaves room for all of the padding
		s.release(found, s.held.End+s.pad)
	}
}

// close ends a stretch.
func (s *segmenter) close(end int, found func(segment)) {
	s.speaking, s.pausing = false, false
	if end-s.begin <= s.minSpeech {
		return
	}
	begin := max(0, s.begin-s.pad)
	if s.held != nil {
		share := min(s.pad, (s.begin-s.held.End)/2)
		begin = s.begin - share
		s.release(found, s.held.End+share)
	}
	s.held = &segment{begin, end}
}

// release hands out the stretch that was held, with its end.
func (s *segmenter) release(found func(segment), end int) {
	found(segment{s.held.Begin, end})
	s.held = nil
}

// end takes the length of the stream, in samples, and hands out what is left.
func (s *segmenter) end(all int, found func(segment)) {
	if s.speaking {
		s.close(all, found)
	}
	if s.held != nil {
		s.release(found, min(all, s.held.End+s.pad))
	}
}
