package flame

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gocompile/gocompile/internal/profile"
)

// Names come from models that nobody has to trust: they must not become part of the page's own text or program.
func TestWrite(t *testing.T) {
	hostile := `</script><img src=x onerror=alert(1)>"'`
	p := &profile.Profile{Model: "m&m " + hostile, Threads: 2, Runs: 3, Median: 0.001, Flops: 2e6, Steps: []*profile.Step{
		{Name: "/enc/" + hostile, Kernel: "matmul", Nodes: []string{hostile}, Modules: []string{"enc", hostile}, Time: 0.0005, Share: 1, Flops: 1e9, Floor: 0.00025, Bound: "arithmetic"}},
		Kernels: []profile.Kernel{{Name: hostile, Time: 0.0005, Share: 1}}}
	var b bytes.Buffer
	if err := Write(&b, p, Text{Duration: time.Duration.String, Size: func(int64) string { return "no size" }}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<img") {
		t.Error("a name became an element of the page")
	}
	if n := strings.Count(page, "</script>"); n != 3 {
		t.Errorf("%d scripts end, want 3", n)
	}
	for _, want := range []string{"500µs", "50.0 %", "2 GFLOP/s", "no size", "m&amp;m"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/", ""), `src="http`) {
		t.Error("the page needs something from elsewhere")
	}
	data := regexp.MustCompile(`const tree = (.*);`).FindStringSubmatch(page)
	var tree profile.Tree
	if data == nil || json.Unmarshal([]byte(data[1]), &tree) != nil || tree.Name != p.Model || tree.Children[0].Children[0].Name != hostile {
		t.Errorf("the data of the graph are %q", data)
	}
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		work    int64
		seconds float64
		want    string
	}{{3e9, 2, "1.5"}, {0, 2, ""}, {1, 0, ""}} {
		if got := Rate(c.work, c.seconds); got != c.want {
			t.Errorf("Rate(%d, %g) = %q, want %q", c.work, c.seconds, got, c.want)
		}
	}
}
