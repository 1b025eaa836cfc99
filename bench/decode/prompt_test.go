package main

import "testing"

func TestPrompt(t *testing.T) {
	ids, err := promptOf(4096)
	if err != nil || len(ids) != 4096 {
		t.Fatalf("%d tokens, %v", len(ids), err)
	}
	for i, id := range ids {
		if id < 0 || id >= 49152 {
			t.Errorf("token %d is %d", i, id)
		}
	}
	if _, err := promptOf(1 << 20); err == nil {
		t.Error("a prompt longer than the text is no error")
	}
}
