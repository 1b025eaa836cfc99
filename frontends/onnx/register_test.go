package onnx_test

import (
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
)

func TestFirstVersion(t *testing.T) {
	for _, c := range []struct {
		domain, op string
		want       int64
		known      bool
	}{
		{"", "Relu", 1, true},
		{"ai.onnx", "Gelu", 20, true},
		{"com.microsoft", "Gelu", 1, true},
		{"", "Slice", 1, true},
		{"", "Nonsense", 0, false},
		{"elsewhere", "Relu", 0, false},
	} {
		if v, ok := onnx.FirstVersion(c.domain, c.op); v != c.want || ok != c.known {
			t.Errorf("%s::%s came with version %d, %t; expected %d, %t", c.domain, c.op, v, ok, c.want, c.known)
		}
	}
}
