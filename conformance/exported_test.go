package conformance

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

// TestExportVersions writes the suite in other versions of the operators, and with those of onnxruntime. What passes as it is must pass then too,
// unless the version does not have what is needed, which the refusal must say.
func TestExportVersions(t *testing.T) {
	var cases []*Case
	for _, c := range suite(t) {
		if Check(context.Background(), Runtime{Run: Exported(export.Options{})}, c) == nil {
			cases = append(cases, c)
		}
	}
	for _, c := range []struct {
		name    string
		options export.Options
		least   int // cases that can be written
	}{
		{"oldest", export.Options{Opset: export.MinOpset}, 3000},
		{"23", export.Options{Opset: 23}, 3500},
		{"newest", export.Options{Opset: export.MaxOpset}, 3700},
		{"contrib", export.Options{Contrib: true}, 3700},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			written := 0
			for _, test := range cases {
				err := Check(context.Background(), Runtime{Run: Exported(c.options)}, test)
				var refused *export.UnsupportedError
				switch {
				case err == nil:
					written++
				case errors.As(err, &refused) && !slices.ContainsFunc(refused.Operators, func(s string) bool { return !strings.Contains(s, "needs opset") }):
				default:
					t.Errorf("%s: %v", test.ID(), err)
				}
			}
			t.Logf("%d of %d cases were written", written, len(cases))
			if written < c.least {
				t.Errorf("%d cases were written, expected %d at least", written, c.least)
			}
		})
	}
}

// elsewhere lists operators that no case of the suite has, with round trips of their own beside the package that writes them.
var elsewhere = []string{"Identity", "MaxRoiPool", "Multinomial"}

// TestExportCoversOperators finds operators that no case of the suite writes, neither as imported nor after the passes.
func TestExportCoversOperators(t *testing.T) {
	missing := map[string]bool{}
	for _, name := range ir.OpNames() {
		missing[name] = true
	}
	for _, c := range suite(t) {
		m, err := proto.Decode(c.Model)
		if err != nil {
			continue
		}
		g, err := onnx.Import(m)
		if err != nil {
			continue
		}
		for range 2 {
			if _, err := export.Model(g, export.Options{}); err == nil {
				g.Walk(func(n *ir.Node) { delete(missing, ir.OpName(n.Op)) })
			}
			if _, err := passes.Optimize(g, passes.Options{}); err != nil {
				break
			}
		}
	}
	for _, name := range elsewhere {
		if !missing[name] {
			t.Errorf("the suite has %s now", name)
		}
		delete(missing, name)
	}
	if len(missing) > 0 {
		t.Errorf("nothing exports %v", slices.Sorted(maps.Keys(missing)))
	}
}
