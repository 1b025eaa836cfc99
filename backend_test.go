package gocompile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend/cuda"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

func TestBackendThatIsNotThere(t *testing.T) {
	empty := (&proto.Model{IRVersion: 10, Graph: &proto.Graph{Name: "empty"}}).Encode()
	_, err := gocompile.Compile(empty, gocompile.WithBackend("cuda"))
	if !errors.Is(err, cuda.ErrNotBuilt) {
		t.Errorf("cuda: got error %v, expected %v", err, cuda.ErrNotBuilt)
	}
	_, err = gocompile.Compile(empty, gocompile.WithBackend("abacus"))
	if err == nil || !strings.Contains(err.Error(), `there is no back end "abacus"; there are cuda (no CUDA back end in this build), cpu`) {
		t.Errorf("abacus: got error %v", err)
	}
}
