package conformance

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// TestOperatorsOfExamples optimises the example models: every part that they have by architecture is found, none is missed, and the
// operators are those of the golden file.
func TestOperatorsOfExamples(t *testing.T) {
	operators(t, "examples", partsOf(t, "examples"), func(name string) (*proto.File, error) {
		return proto.Open(filepath.Join("..", "examples", name, "model.onnx"))
	})
}

// TestOperatorsOfExporters does the same with small models of many architectures, as the exporters of torch spell them.
func TestOperatorsOfExporters(t *testing.T) {
	all := partsOf(t, "exporters")
	f, err := os.Open(filepath.Join("testdata", "exporters.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cases, err := ReadArchive(f)
	if err != nil || len(cases) != len(all) {
		t.Fatalf("%d models, parts of %d, %v", len(cases), len(all), err)
	}
	byID := map[string]*Case{}
	for _, c := range cases {
		byID[c.ID()] = c
	}
	operators(t, "exporters", all, func(name string) (*proto.File, error) {
		c := byID[name]
		if c == nil {
			return nil, fmt.Errorf("the archive has no %s", name)
		}
		m, err := proto.Decode(c.Model)
		return &proto.File{Model: m}, err
	})
}

// TestOperatorsOfZoo does the same with the real models that are there.
func TestOperatorsOfZoo(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_ZOO")
	if dir == "" {
		t.Skip("GOCOMPILE_ZOO does not name a folder of models")
	}
	operators(t, "zoo", partsOf(t, "zoo"), func(name string) (*proto.File, error) {
		return proto.Open(filepath.Join(dir, name, "model.onnx"))
	})
}

// partsOf reads how many parts the models of a suite have.
func partsOf(t *testing.T, suite string) map[string]Parts {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "parts", suite+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := ReadParts(f)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d models, %v", len(all), err)
	}
	return all
}

// operators optimises each model of a suite. Models that do not exist are skipped.
func operators(t *testing.T, suite string, all map[string]Parts, open func(name string) (*proto.File, error)) {
	file := filepath.Join("testdata", "operators", suite+".txt")
	golden := readGolden(t, file)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			f, err := open(name)
			if os.IsNotExist(err) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			o, err := Optimise(f.Model)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := o.Parts().String(), all[name].String(); got != want {
				t.Errorf("found %s\nthere are %s", got, want)
			}
			for _, m := range o.Missed {
				t.Errorf("missed %s at %s: %s", m.Kind, m.Node, m.Because)
			}
			if *update {
				golden[name] = o.Golden()
			} else if golden[name] != o.Golden() {
				t.Errorf("operators\n%s\nwere\n%s", o.Golden(), golden[name])
			}
		})
	}
	if *update {
		writeGolden(t, file, golden)
	}
}

// readGolden reads lines of a name, a colon and operators.
func readGolden(t *testing.T, file string) map[string]string {
	t.Helper()
	golden := map[string]string{}
	b, err := os.ReadFile(file)
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			t.Fatalf("%s: %q is no line of a golden file", file, line)
		}
		golden[name] = text
	}
	return golden
}

func writeGolden(t *testing.T, file string, golden map[string]string) {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(golden)) {
		fmt.Fprintf(&b, "%s: %s\n", name, golden[name])
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReadParts(t *testing.T) {
	all, err := ReadParts(strings.NewReader("# x\n\na 1 2 3 4 5\n"))
	if err != nil || len(all) != 1 || all["a"].String() != "attention 1, norm 2, activation 3, rotary 4, recurrent 5" {
		t.Errorf("got %v, %v", all, err)
	}
	for _, wrong := range []string{"a 1 2 3 4", "a 1 2 3 4 x", "a 1 2 3 4 -5", "a 1 2 3 4 5 6"} {
		if _, err := ReadParts(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}
