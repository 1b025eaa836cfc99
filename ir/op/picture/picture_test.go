package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"testing"
)

func TestPNM(t *testing.T) {
	for _, c := range []struct {
		name, data string
		w, h       int
		want       []byte // of gray pictures one byte a pixel
	}{
		{"bitmap", "P1\n# black is 1\n3 2\n101\n0 1 0", 3, 2, []byte{0, 255, 0, 255, 0, 255}},
		{"graymap", "P2 2 2 4 0 1\n2 4", 2, 2, []byte{0, 64, 128, 255}},
		{"pixmap", "P3\n1 2\n255\n1 2 3 4 5 6", 1, 2, []byte{1, 2, 3, 4, 5, 6}},
		{"binary bitmap", "P4 10 1\n\xaa\x80", 10, 1, []byte{0, 255, 0, 255, 0, 255, 0, 255, 0, 255}},
		{"binary graymap of 16 bits", "P5 2 1 65535\n\x00\x00\xff\xff", 2, 1, []byte{0, 255}},
		{"binary pixmap", "P6 1 2 255\n\x01\x02\x03\x04\x05\x06", 1, 2, []byte{1, 2, 3, 4, 5, 6}},
	} {
		p, err := Decode([]byte(c.data))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		want := c.want
		if len(want) == c.w*c.h {
			want = nil
			for _, v := range c.want {
				want = append(want, v, v, v)
			}
		}
		if p.Width != c.w || p.Height != c.h || !slices.Equal(p.Pix, want) {
			t.Errorf("%s: got %d × %d %v, want %d × %d %v", c.name, p.Width, p.Height, p.Pix, c.w, c.h, want)
		}
	}
}

func TestBroken(t *testing.T) {
	for _, data := range []string{"", "P6", "P6 1", "P6 1 1 255\n\x01", "P6 99999999999 1 255\n", "P6 100000 100000 255\n", "P5 2 1 0\n\x00\x00", "P3 1 1 255 x",
		"P1 2 1\n1", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "RIFF\x00\x00\x00\x00WEBPVP8 ", "BM", "II*\x00", "\xff\x4f\xff\x51", "nothing"} {
		if p, err := Decode([]byte(data)); err == nil {
			t.Errorf("%q: got %d × %d, want an error", data, p.Width, p.Height)
		}
	}
}

// TestTransparency: colours are not multiplied by the alpha channel.
func TestTransparency(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	m.SetNRGBA(0, 0, color.NRGBA{200, 100, 50, 51})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	p, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Pix, []byte{200, 100, 50}) {
		t.Errorf("got %v", p.Pix)
	}
}

// TestUpsampling compares with linear interpolation in floating point, for which the centres of a doubled axis lie ¼ and ¾ of the way.
func TestUpsampling(t *testing.T) {
	const w, h = 9, 7
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440} {
		m := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = byte(i*i*7), byte(i*37+11)
		}
		wide, tall := 1, 1
		if ratio == image.YCbCrSubsampleRatio422 || ratio == image.YCbCrSubsampleRatio420 {
			wide = 2
		}
		if ratio == image.YCbCrSubsampleRatio440 || ratio == image.YCbCrSubsampleRatio420 {
			tall = 2
		}
		cw, ch := (w+wide-1)/wide, (h+tall-1)/tall
		u := upsampler{plane: plane{cw, ch, m.CStride, m.Cb}, wide: wide, tall: tall}
		at := func(x, y int) float64 {
			return float64(m.Cb[max(0, min(y, ch-1))*m.CStride+max(0, min(x, cw-1))])
		}
		for y := range h {
			line := u.line(y)
			for x := range w {
				fx, fy := (float64(x)+0.5)/float64(wide)-0.5, (float64(y)+0.5)/float64(tall)-0.5
				x0, y0 := int(math.Floor(fx)), int(math.Floor(fy))
				a, b := fx-float64(x0), fy-float64(y0)
				want := (1-a)*(1-b)*at(x0, y0) + a*(1-b)*at(x0+1, y0) + (1-a)*b*at(x0, y0+1) + a*b*at(x0+1, y0+1)
				if math.Abs(float64(line[x])-want) > 0.5 {
					t.Fatalf("%v: (%d, %d) is %d, want %.2f", ratio, x, y, line[x], want)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("P3 1 1 255 1 2 3"))
	f.Add([]byte("P4 8 1\n\xaa"))
	for _, pair := range goldenJPEG(f) {
		f.Add(pair[0])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data)
		if err == nil && len(p.Pix) != 3*p.Width*p.Height {
			t.Fatalf("%d bytes for %d × %d pixels", len(p.Pix), p.Width, p.Height)
		}
	})
}
