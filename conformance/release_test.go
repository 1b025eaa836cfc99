package conformance

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// TestReleases runs the suites of earlier releases of ONNX, whose wheels are in the folder GOCOMPILE_WHEELS, on every runtime. What may fail is listed
// in releases.txt, a case a line with the releases in the place of runtimes, besides what may fail in the newest. A reason that says "values
// corrected in R" is checked: release R has other values for the same model and inputs; "model corrected in R": R has another model for the same
// inputs and values.
func TestReleases(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_WHEELS")
	if dir == "" {
		t.Skip("GOCOMPILE_WHEELS does not name a folder of wheels")
	}
	releases, err := ReadReleases(dir)
	if err != nil {
		t.Fatal(err)
	}
	always, some := readExceptions(t, exceptionsFile), readExceptions(t, "releases.txt")
	later := map[string][]*Case{}
	for _, r := range releases {
		later[r.Name] = r.Cases
	}
	for _, r := range releases {
		var lock sync.Mutex
		var wg sync.WaitGroup
		next, passed := make(chan *Case), 0
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for c := range next {
					var failure error
					for _, rt := range Runtimes() {
						if err := Check(context.Background(), rt, c); err != nil {
							failure = err
						}
					}
					lock.Lock()
					_, excepted := always[c.ID()]
					e, listed := some[c.ID()]
					listed = listed && e.Covers(r.Name)
					switch {
					case failure == nil && listed:
						t.Errorf("%s of %s passes, but is an exception (%s)", c.ID(), r.Name, e.Reason)
					case failure == nil:
						passed++
					case listed:
						checkReason(t, c, r.Name, e.Reason, later)
					case !excepted:
						t.Errorf("%s of %s: %v", c.ID(), r.Name, failure)
					}
					lock.Unlock()
				}
			})
		}
		for _, c := range r.Cases {
			next <- c
		}
		close(next)
		wg.Wait()
		t.Logf("%s: %d of %d cases pass", r.Name, passed, len(r.Cases))
	}
}

var corrected = regexp.MustCompile(`^(values|model) corrected in ([0-9.]*[0-9])`)

// checkReason checks what a reason says of a later release.
func checkReason(t *testing.T, c *Case, release, reason string, releases map[string][]*Case) {
	m := corrected.FindStringSubmatch(reason)
	if m == nil {
		return
	}
	model, in, out := parts(t, c)
	for _, other := range releases[m[2]] {
		otherModel, otherIn, otherOut := parts(t, other)
		if otherIn != in {
			continue
		}
		sameModel, sameValues := otherModel == model, Compare(out.Items, otherOut.Items, c.Tolerance) == nil
		if m[1] == "values" && sameModel && !sameValues || m[1] == "model" && !sameModel && sameValues && other.Name == c.Name {
			return
		}
	}
	t.Errorf("%s of %s: %s has no such case, but the reason is: %s", c.ID(), release, m[2], reason)
}

// parts are a model without what does not count for its results, the inputs, and the outputs of the first recorded run.
func parts(t *testing.T, c *Case) (model, inputs string, outputs Values) {
	m, err := proto.Decode(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := c.Decode(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, x := range in.Items {
		b.Write(proto.EncodeValue("", x))
	}
	g := *m.Graph
	g.Name, g.DocString = "", ""
	plain := proto.Model{Graph: &g, Functions: m.Functions}
	return string(plain.Encode()), b.String(), out
}

func readExceptions(t *testing.T, name string) map[string]Exception {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := ReadExceptions(f)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestReadReleases reads wheels made up here: the oldest comes first, and only folders of cases count.
func TestReadReleases(t *testing.T) {
	dir := t.TempDir()
	const data = "onnx/backend/test/data/"
	for release, files := range map[string][]string{
		"1.9.0":  {"node/test_a/model.onnx", "node/test_a/test_data_set_0/input_0.pb", "simple/test_b/model.onnx", "real/test_c/data.json", "light/light_d.onnx"},
		"1.13.1": {"node/test_a/model.onnx"},
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range append(files, "../other.py") {
			w, err := z.Create(data + name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "onnx-"+release+"-py3.whl"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	releases, err := ReadReleases(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(releases) != 2 || releases[0].Name != "1.9.0" || len(releases[0].Cases) != 2 || releases[1].Name != "1.13.1" {
		t.Fatalf("got %v", releases)
	}
	if c := releases[0].Cases[0]; c.ID() != "node/test_a" || string(c.Model) != "node/test_a/model.onnx" || len(c.Sets) != 1 || len(c.Sets[0].Inputs) != 1 {
		t.Errorf("got %+v", c)
	}
	if _, err := ReadReleases(t.TempDir()); err == nil {
		t.Error("a folder without wheels is read")
	}
}
