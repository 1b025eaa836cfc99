package main

import (
	"os"
	"strings"
	"testing"
)

func TestInspectHTML(t *testing.T) {
	inFolder(t)
	before, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, code := shell(t, "", "inspect", "tiny.onnx", "--html", "page.html"); code != 0 || stdout != "" {
		t.Fatalf("exit status %d, %q, %s", code, stdout, stderr)
	}
	b, err := os.ReadFile("page.html")
	if err != nil || !strings.HasPrefix(string(b), "<!DOCTYPE html>") || !strings.Contains(string(b), `/layers.0/MatMul`) || !strings.HasSuffix(strings.TrimSpace(string(b)), "</html>") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if after, err := os.ReadDir("."); err != nil || len(after) != len(before)+1 {
		t.Errorf("%d files were %d (%v)", len(after), len(before), err)
	}
	for _, name := range []string{"none/page.html", "right"} { // no folder; a folder
		if _, stderr, code := shell(t, "", "inspect", "tiny.onnx", "--html", name); code != 1 || stderr == "" {
			t.Errorf("%s: exit status %d, %q", name, code, stderr)
		}
	}
	if after, err := os.ReadDir("."); err != nil || len(after) != len(before)+1 {
		t.Errorf("%d files were %d (%v)", len(after), len(before), err)
	}
}
