package gocompile_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/gocompile/gocompile"

// layers lists, for each room, the rooms that its packages may import besides those of their own; the first row whose prefix fits
// counts. docs/architecture.md has the picture.
var layers = []struct {
	room string
	may  []string
}{
	{"tensor", []string{"internal/file", "internal/pages"}},
	{"ir/sym", nil},
	{"ir", []string{"tensor"}},
	{"passes", []string{"ir", "tensor"}},
	{"internal/randomgraph", []string{"ir", "tensor"}}, // of tests
	{"internal/mapped", nil},
	{"internal/file", nil},
	{"internal/pages", nil},
	{"frontends/onnx", []string{"ir", "tensor", "internal/mapped", "internal/file"}},
	{"artefact", []string{"internal/mapped"}},
	{"backend/cpu/kernel", []string{"tensor", "backend/cpu/level", "backend/cpu/pool"}},
	{"backend/cpu/loop", []string{"tensor", "backend/cpu/level", "backend/cpu/pool", "backend/cpu/kernel"}},
	{"backend/cpu/level", nil},
	{"backend/cpu/pool", nil},
	{"backend/cpu", []string{"ir", "tensor", "backend"}},
	{"backend/cuda", []string{"ir", "tensor", "backend"}},
	{"backend", []string{"ir", "tensor"}},
	{"internal", []string{"", "ir", "tensor", "frontends", "backend", "backend/cpu/level", "backend/cpu/roof"}},
	{"cmd", []string{"", "ir", "tensor", "passes", "frontends", "backend", "backend/cpu/level", "backend/cpu/pool", "backend/cpu/roof", "backend/cpu/kernel", "internal"}},
	{"serve", []string{"", "ir", "tensor", "generate"}},
	{"generate", []string{"", "ir", "tensor"}},
	{"examples", []string{"", "ir", "tensor", "generate"}},
	{"bench", []string{"", "ir", "tensor", "passes", "generate", "frontends", "backend", "backend/cpu/level", "backend/cpu/roof", "internal"}},
	{"conformance", []string{"", "ir", "tensor", "passes", "frontends", "backend", "internal"}},
	{"", []string{"ir", "tensor", "passes", "frontends", "backend", "backend/cpu", "backend/cuda", "artefact", "internal/file"}}, // the root package
}

// heavy lists libraries that only programs may depend on.
var heavy = []string{"github.com/urfave/", "github.com/jedib0t/", "github.com/schollz/", "github.com/dustin/", "github.com/mattn/", "google.golang.org/grpc", "net/http"}

// TestImports checks that packages import only what the picture in docs/architecture.md has below them.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < 20 {
		t.Fatalf("go list names %d packages only", len(lines))
	}
	for _, line := range lines {
		pkg, imports, _ := strings.Cut(line, " ")
		pkg = local(pkg)
		layer := layers[len(layers)-1]
		for _, l := range layers {
			if within(pkg, l.room) {
				layer = l
				break
			}
		}
		if layer.room == "" && pkg != "" {
			t.Errorf("package %s is in no room of the list in this test", pkg)
		}
		for _, i := range strings.Fields(imports) {
			if !strings.HasPrefix(i, module) {
				for _, h := range heavy {
					if strings.HasPrefix(i, h) && !within(pkg, "cmd") && !within(pkg, "serve") && !within(pkg, "conformance") {
						t.Errorf("%s imports %s, which only programs may", pkg, i)
					}
				}
				continue
			}
			if i = local(i); !permitted(i, layer.room, layer.may) {
				t.Errorf("%s imports %s; packages of %q may import %q only", pkg, i, layer.room, layer.may)
			}
		}
	}
}

// local is a path inside the module, "" for the root package.
func local(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// within reports whether a package lies in a room; the root package has a room of its own.
func within(pkg, room string) bool {
	if room == "" || pkg == "" {
		return room == pkg
	}
	return pkg == room || strings.HasPrefix(pkg, room+"/")
}

// permitted reports whether a room may import a package; of backend and the root it may import the package only, not what lies below.
func permitted(pkg, room string, may []string) bool {
	if within(pkg, room) {
		return true
	}
	for _, m := range may {
		if pkg == m || m != "" && m != "backend" && within(pkg, m) {
			return true
		}
	}
	return false
}
