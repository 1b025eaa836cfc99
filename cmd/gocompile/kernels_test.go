package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestKernels(t *testing.T) {
	out, stderr, code := shell(t, "", "kernels", "--json")
	var list []declared
	if err := json.Unmarshal([]byte(out), &list); code != 0 || err != nil {
		t.Fatal(err, stderr)
	}
	for _, want := range []declared{
		{For: "f32 products", Name: "portable-2x4", Level: "portable", Usable: true, Tile: "6 × 16", Reads: "panels", Quality: 1},
		{For: "f32 products", Name: "portable-dot", Level: "portable", Usable: true, Tile: "6 × any", Reads: "columns", MaxRows: 8, Quality: 1},
		{For: "f32 convolutions", Name: "portable-4x24", Level: "portable", Usable: true, Tile: "4 × 24", Reads: "gathered panels"},
		{For: "i8, u8 products", Name: "portable-6x16", Level: "portable", Usable: true, Tile: "6 × 16", Reads: "panels of 2 rows"},
	} {
		found := false
		for _, d := range list {
			found = found || d == want
		}
		if !found {
			t.Errorf("no %+v in %+v", want, list)
		}
	}
	if out, _, code := shell(t, "", "kernels"); code != 0 || !strings.Contains(out, "portable-2x4") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
}

// Every place of the second operand has one kernel that is chosen.
func TestKernelsBench(t *testing.T) {
	out, stderr, code := shell(t, "", "kernels", "--bench", "5,16,33", "--json")
	var r contest
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
		t.Fatal(err, stderr)
	}
	chosen := map[string]int{}
	for _, e := range r.Entries {
		if !(e.Time > 0) || !(e.Rate > 0) || !(e.OfPeak > 0) {
			t.Errorf("got %+v", e)
		}
		if e.Chosen {
			chosen[e.Operand]++
		}
	}
	if r.M != 5 || r.K != 16 || r.N != 33 || chosen["packed"] != 1 || chosen["in place"] != 1 || chosen["in place, transposed"] != 1 {
		t.Errorf("got %+v", r)
	}
	for _, shape := range []string{"5", "5,6", "5,6,x", "0,1,1", "1000000,1000000,1"} {
		if _, stderr, code := shell(t, "", "kernels", "--bench", shape); code != exitUsage || !strings.Contains(stderr, "--bench") {
			t.Errorf("--bench %s: exit status %d, %s", shape, code, stderr)
		}
	}
}
