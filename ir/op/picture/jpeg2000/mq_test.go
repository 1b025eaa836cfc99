package jpeg2000

import (
	"bytes"
	"testing"
)

// TestMQ decodes the test sequence of ITU-T T.88, H.2, which has one context.
func TestMQ(t *testing.T) {
	coded := []byte("\x84\xc7\x3b\xfc\xe1\xa1\x43\x04\x02\x20\x00\x00\x41\x0d\xbb\x86\xf4\x31\x7f\xff\x88\xff\x37\x47\x1a\xdb\x6a\xdf\xff\xac")
	want := []byte("\x00\x02\x00\x51\x00\x00\x00\xc0\x03\x52\x87\x2a\xaa\xaa\xaa\xaa\x82\xc0\x20\x00\xfc\xd7\x9e\xf6\xbf\x7f\xed\x90\x4f\x46\xa3\xbf")
	var d mqDecoder
	d.start(coded)
	got := make([]byte, len(want))
	c := context(0)
	for i := range 8 * len(got) {
		got[i/8] = got[i/8]<<1 | byte(d.decode(&c))
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}
