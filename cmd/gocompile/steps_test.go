package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestInspectSteps does not look at how loops run, which the processor decides.
func TestInspectSteps(t *testing.T) {
	inFolder(t)
	stdout, stderr, code := shell(t, "", "inspect", "tiny.onnx", "--steps", "--json")
	var steps []jsonStep
	if err := json.Unmarshal([]byte(stdout), &steps); code != 0 || err != nil || len(steps) == 0 {
		t.Fatalf("code %d, %v: %s%s", code, err, stdout, stderr)
	}
	for _, s := range steps {
		if s.Kernel == "" || len(s.Nodes) == 0 {
			t.Errorf("step %+v", s)
		}
	}
	table, _, code := shell(t, "", "inspect", "tiny.onnx", "--steps")
	if code != 0 || !strings.Contains(table, steps[0].Kernel) {
		t.Errorf("code %d, the table lacks %q:\n%s", code, steps[0].Kernel, table)
	}
}
