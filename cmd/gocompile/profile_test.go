package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/internal/profile"
)

func TestProfile(t *testing.T) {
	inFolder(t)
	args := []string{"profile", "tiny.onnx", "--dim", "batch=2,seq=3", "--passes", "-linear", "--runs", "3", "--threads", "1"}
	out, stderr, code := shell(t, "", append(args, "--json", "--trace", "trace.json", "--html", "page.html")...)
	if code != 0 {
		t.Fatal(stderr)
	}
	var p profile.Profile
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	if p.Model != "tiny.onnx" || p.Threads != 1 || p.Runs != 3 || !(p.Median > 0) || !(p.Peak > 0) || !(p.Floor > 0) || len(p.Steps) != 2 {
		t.Errorf("got %+v", p)
	}
	if s := p.Steps[0]; s.Name != "/Relu" && p.Steps[1].Name != "/Relu" {
		t.Errorf("no step has the name of the user's node: %+v, %+v", s, p.Steps[1])
	}
	for name, want := range map[string]string{"trace.json": `"traceEvents"`, "page.html": "tiny.onnx"} {
		if b, err := os.ReadFile(name); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s holds no %q: %v", name, want, err)
		}
	}
	out, stderr, code = shell(t, "", append(args, "--top", "1")...)
	for _, want := range []string{"median", "Kernels", "matmul+bias+relu", "1 of 2 steps"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit status %d, no %q in\n%s%s", code, want, out, stderr)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{append(args, "--runs", "0"), exitUsage, "--runs"},
		{append(args, "--html", "no/page.html"), exitFailure, "no/page.html"},
		{[]string{"profile", "tiny.onnx"}, exitUsage, "--dim batch=N --dim seq=N"},
	} {
		if _, stderr, code := shell(t, "", c.args...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit status %d, want %d; %s", c.args, code, c.code, stderr)
		}
	}
}
