package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wavOf is a WAV file of frames of 16-bit samples.
func wavOf(rate, channels int, samples []int16) []byte {
	var b bytes.Buffer
	b.WriteString("RIFF")
	binary.Write(&b, binary.LittleEndian, uint32(36+2*len(samples)))
	b.WriteString("WAVEfmt ")
	binary.Write(&b, binary.LittleEndian, []uint32{16, 1 | uint32(channels)<<16, uint32(rate), uint32(rate * channels * 2), uint32(channels*2) | 16<<16})
	b.WriteString("data")
	binary.Write(&b, binary.LittleEndian, uint32(2*len(samples)))
	binary.Write(&b, binary.LittleEndian, samples)
	return b.Bytes()
}

func openBytes(t *testing.T, b []byte) (sound, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.wav")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := open(file)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func readAll(t *testing.T, s sound) []float32 {
	t.Helper()
	var all []float32
	for {
		b := make([]float32, 700) // no multiple of anything
		n, err := s.Read(context.Background(), b)
		all = append(all, b[:n]...)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWAV(t *testing.T) {
	samples := make([]int16, 2*5000)
	for i := range samples {
		samples[i] = int16(i * 7919)
	}
	for channels := 1; channels <= 2; channels++ {
		s, err := openBytes(t, wavOf(rate, channels, samples))
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, s)
		if len(got) != len(samples)/channels {
			t.Fatalf("%d channels: %d samples", channels, len(got))
		}
		for i, x := range got {
			want := float32(0)
			for _, y := range samples[i*channels : (i+1)*channels] {
				want += float32(y) / 32768 / float32(channels)
			}
			if math.Abs(float64(x-want)) > 1e-6 {
				t.Fatalf("%d channels: sample %d is %g, want %g", channels, i, x, want)
			}
		}
	}
}

func TestWAVOfOtherRate(t *testing.T) {
	tone := func(rate int) []int16 {
		x := make([]int16, rate/2)
		for i := range x {
			x[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
		}
		return x
	}
	want := tone(rate)
	for _, r := range []int{8000, 22050, 48000} {
		s, err := openBytes(t, wavOf(r, 1, tone(r)))
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, s)
		if d := len(got) - len(want); d < -20 || d > 20 {
			t.Fatalf("rate %d: %d samples, want about %d", r, len(got), len(want))
		}
		for i := 100; i < len(want)-100; i++ {
			if math.Abs(float64(got[i])-float64(want[i])/32768) > 0.01 {
				t.Fatalf("rate %d: sample %d is %g, want %g", r, i, got[i], float64(want[i])/32768)
			}
		}
	}
}

func TestWAVThatIsNone(t *testing.T) {
	whole := wavOf(rate, 1, make([]int16, 1000))
	changed := func(at int, b ...byte) []byte {
		x := bytes.Clone(whole)
		copy(x[at:], b)
		return x
	}
	for name, b := range map[string][]byte{
		"empty":              {},
		"text":               []byte("not a sound at all, but long enough for a header of one"),
		"ends in the header": whole[:30],
		"negative size":      changed(12, 'j', 'u', 'n', 'k', 0, 0, 0, 0x80),
		"no channels":        changed(22, 0, 0),
		"no rate":            changed(24, 0, 0, 0, 0),
		"no bytes a frame":   changed(32, 0, 0),
		"no bits a sample":   changed(34, 0, 0),
		"length not known":   changed(40, 0xff, 0xff, 0xff, 0xff),
	} {
		if _, err := openBytes(t, b); err == nil || !strings.Contains(err.Error(), "x.wav: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	s, err := openBytes(t, whole[:len(whole)-1001])
	if err != nil {
		t.Fatal(err)
	}
	if n := len(readAll(t, s)); n != 499 {
		t.Errorf("of a file that breaks off in the middle of a sample there are %d samples", n)
	}
}

func TestRaw(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		for _, b := range []byte{0, 0x80, 0xff, 0x7f, 0, 0, 1} { // a byte at a time, the last of them half a sample
			w.Write([]byte{b})
		}
		w.Close()
	}()
	s := newRaw(r)
	defer s.Close()
	got := readAll(t, s)
	if len(got) != 3 || got[0] != -1 || got[1] != 32767./32768 || got[2] != 0 {
		t.Errorf("got %v", got)
	}
	waiting, _ := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if n, err := newRaw(waiting).Read(ctx, make([]float32, 5)); n != 0 || err != context.Canceled {
		t.Errorf("%d samples, error %v", n, err)
	}
}
