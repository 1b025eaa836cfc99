package main

import (
	"slices"
	"testing"
	"time"
)

// timestamps are results of get_speech_timestamps_from_probs of silero-vad 6.2.3. A character is a chunk of speech (#), silence (.) or neither (-).
var timestamps = []struct {
	chunks                          string
	minSpeech, minSilence, pad, end int // milliseconds, and the length in samples
	want                            []segment
}{
	{"#-.....---------#####.", 0, 0, 400, 11054, []segment{{0, 4608}, {4608, 11054}}},
	{"...##-----.....#.-----", 50, 40, 150, 11141, []segment{{0, 6400}, {6400, 11141}}},
	{"#########---.....-#.........##", 0, 0, 70, 14919, []segment{{0, 7264}, {8096, 10848}, {13216, 14919}}},
	{".-----#.........###.....##############-", 50, 40, 150, 19463, []segment{{5792, 11008}, {11008, 19463}}},
	{"##########.....##-.##", 100, 40, 70, 10488, []segment{{0, 6240}, {6560, 10488}}},
	{"###...######............#", 50, 0, 70, 12669, []segment{{0, 2304}, {2304, 7264}}},
	{"#.........##--###---#-----######-----------", 0, 100, 400, 21651, []segment{{0, 2816}, {2816, 21651}}},
	{"---####--#####.###.###", 0, 0, 400, 11152, []segment{{0, 7424}, {7424, 9472}, {9472, 11152}}},
	{"---------......#####.........#####------", 50, 200, 150, 20217, []segment{{5280, 12544}, {12544, 20217}}},
	{"---........#-#####-----", 0, 200, 0, 11550, []segment{{5632, 11550}}},
	{"-............---##---------", 100, 200, 70, 13429, []segment{{7072, 13429}}},
	{".-...###---###--#####------", 0, 40, 30, 13587, []segment{{2080, 13587}}},
	{"--------..-......--------------", 250, 40, 70, 15717, []segment{}},
	{"---..........#######.........-----", 250, 0, 150, 17133, []segment{}},
}

func TestSegments(t *testing.T) {
	probabilities := map[rune]float64{'#': 0.9, '-': 0.4, '.': 0.1}
	for _, c := range timestamps {
		ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
		s := newSegmenter(rules{Threshold: 0.5, MinSpeech: ms(c.minSpeech), MinSilence: ms(c.minSilence), Pad: ms(c.pad)})
		var got []segment
		found := func(x segment) { got = append(got, x) }
		for _, r := range c.chunks {
			s.add(probabilities[r], found)
		}
		s.end(c.end, found)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, %d ms of speech, %d of silence, %d of padding: got %v, want %v", c.chunks, c.minSpeech, c.minSilence, c.pad, got, c.want)
		}
	}
}

// TestSegmentsAreEarly: a stretch is handed out once the silence behind it is long enough, not when the next one comes.
func TestSegmentsAreEarly(t *testing.T) {
	s := newSegmenter(defaults)
	for i := range 20 {
		s.add(0.9, func(x segment) { t.Fatalf("%v in the middle of speech, chunk %d", x, i) })
	}
	var got []segment
	for range 5 { // 100 ms of silence are over when the fifth chunk begins
		s.add(0, func(x segment) { got = append(got, x) })
	}
	if want := []segment{{0, 20*chunk + 30*rate/1000}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRules(t *testing.T) {
	if err := defaults.check(); err != nil {
		t.Error(err)
	}
	for _, r := range []rules{{}, {Threshold: 1.5}, {Threshold: 0.5, Pad: -1}} {
		if r.check() == nil {
			t.Errorf("%+v is no error", r)
		}
	}
}
