package backend

import (
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	usable := func() error { return nil }
	broken := func() error { return errors.New("no driver") }
	all := []Backend{{Name: "gpu", Detect: broken}, {Name: "first", Detect: usable}, {Name: "second", Detect: usable}}
	for _, c := range []struct{ ask, want, fail string }{
		{ask: "second", want: "second"},
		{ask: Auto, want: "first"},
		{ask: "gpu", fail: `back end "gpu": no driver`},
		{ask: "tpu", fail: `there is no back end "tpu"; there are gpu (no driver), first, second`},
	} {
		b, err := Choose(c.ask, all)
		switch {
		case c.fail == "" && (err != nil || b.Name != c.want):
			t.Errorf("%s: got %q, %v, expected %q", c.ask, b.Name, err, c.want)
		case c.fail != "" && (err == nil || err.Error() != c.fail):
			t.Errorf("%s: got error %v, expected %s", c.ask, err, c.fail)
		}
	}
	if _, err := Choose(Auto, all[:1]); err == nil || !strings.Contains(err.Error(), "no driver") {
		t.Errorf("nothing usable: got %v", err)
	}
}
