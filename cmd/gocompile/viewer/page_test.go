package viewer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	_ "github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/passes"
)

const hostile = `</script><script>alert(1)</script><!--`

// optimised returns a graph, the graph after the passes, and their report.
func optimised(t *testing.T, src string) Page {
	t.Helper()
	g, err := ir.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	p := Page{Title: hostile, About: []string{hostile}, Before: g.Clone(), After: g, Report: &passes.Report{}}
	if _, err := passes.Optimize(g, passes.Options{Report: p.Report}); err != nil {
		t.Fatal(err)
	}
	return p
}

const gelu = `graph "g"(%x "x": f32[N, 4], %b "unused": f32[2]) -> ("y" %y, "twice" %y, "same" %x, "k" %w) {
  %w = Const() {Value=f32[4, 4] [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]} : f32[4, 4]
  %r = Const() {Value=f32[] [0.70710677]} : f32[]
  %one = Const() {Value=f32[] [1]} : f32[]
  %half = Const() {Value=f32[] [0.5]} : f32[]
  %h = MatMul(%x, %w) : f32[N, 4] @"up</script><script>alert(2)"
  %a = Mul(%h, %r) : f32[N, 4] @"scaled"
  %e = Erf(%a) : f32[N, 4] @"erf"
  %p = Add(%e, %one) : f32[N, 4] @"plus"
  %m = Mul(%h, %p) : f32[N, 4] @"times"
  %y = Mul(%m, %half) : f32[N, 4] @"half"
}`

func TestPage(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, optimised(t, gelu)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if regexp.MustCompile(`(?i)<(script|link|img|iframe)[^>]*\b(src|href)=`).MatchString(text) {
		t.Error("the page takes something from elsewhere")
	}
	if n := strings.Count(text, "</script>"); n != 4 || strings.Contains(text, "alert(1)<") || strings.Contains(text, "<script>alert") {
		t.Errorf("%d ends of scripts; a name of the model got out of its place", n)
	}
	for _, want := range []string{"The Cytoscape Consortium", "Chris Pettitt", "const DATA = {"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	var d struct{ Before, After graph }
	_, rest, _ := strings.Cut(text, "const DATA = ")
	if err := json.NewDecoder(strings.NewReader(rest)).Decode(&d); err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, n := range d.After.Nodes {
		ops = append(ops, n.Op)
	}
	if got, want := strings.Join(ops, " "), "input MatMul Gelu output output input output output"; got != want {
		t.Errorf("nodes %q, want %q", got, want)
	}
	gate := d.After.Nodes[2]
	var made []string
	for _, k := range gate.Numbers {
		for _, n := range d.Before.Nodes {
			if len(n.Numbers) == 1 && n.Numbers[0] == k {
				made = append(made, n.Name)
			}
		}
	}
	if got := strings.Join(made, " "); got != "scaled erf plus times half" || gate.Kind != passes.KindActivation {
		t.Errorf("%s %s is made of %q", gate.Kind, gate.Op, got)
	}
}

// TestOtherGraph: a graph that the report is not about is an error.
func TestOtherGraph(t *testing.T) {
	p := optimised(t, gelu)
	p.Before = p.After
	if err := Write(&bytes.Buffer{}, p); err == nil {
		t.Error("written")
	}
}

// TestBodies lists the nodes of bodies behind the node that has them.
func TestBodies(t *testing.T) {
	src := `graph "g"(%c "c": bool[], %x "x": f32[3]) -> ("y" %y) {
  %y = If(%c, %x) {
    Then = graph "then"(%a: f32[3]) -> ("r" %r) {
      %r = Exp(%a) : f32[3]
    },
    Else = graph "else"(%a: f32[3]) -> ("r" %r) {
      %r = Neg(%a) : f32[3]
    }
  } : f32[3] @"choice"
}`
	p := optimised(t, src)
	var b bytes.Buffer
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range graphOf(p.After, origin).Nodes {
		got = append(got, fmt.Sprint(n.Op, "|", n.Of))
	}
	want := []string{"input|", "input|", "If|", "input|body 1 of choice", "Exp|body 1 of choice", "output|body 1 of choice", "input|body 2 of choice", "Neg|body 2 of choice",
		"output|body 2 of choice", "output|"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestBlocks divides a chain of layers between the layers, with and without names, and every node is in one block.
func TestBlocks(t *testing.T) {
	for _, named := range []bool{true, false} {
		nodes := []node{{Op: "input"}}
		residual := 0
		for layer := range 9 {
			first := len(nodes)
			for i := range 30 { // a fan of 29 nodes and their sum
				n := node{Op: "Neg", In: []operand{{From: residual}}}
				if i == 29 {
					n = node{Op: "Sum", In: []operand{{From: residual}}}
					for k := first; k < len(nodes); k++ {
						n.In = append(n.In, operand{From: k})
					}
				}
				if named {
					n.Name = fmt.Sprintf("/layer.%d/part/%s", layer, n.Op)
				}
				nodes = append(nodes, n)
			}
			residual = len(nodes) - 1
		}
		blocks := blocksOf(nodes)
		if len(blocks) != 9 || blocks[0].First != 0 || blocks[8].End != len(nodes) {
			t.Fatalf("%d blocks: %v", len(blocks), blocks)
		}
		for i, b := range blocks[1:] {
			if b.First != 1+30*(i+1) || b.First != blocks[i].End {
				t.Errorf("block %d begins at %d behind %d", i+1, b.First, blocks[i].End)
			}
			want := "Neg ×29, Sum"
			if named {
				want = fmt.Sprintf("layer.%d/part", i+1)
			}
			if b.Title != want {
				t.Errorf("block %d is called %q, want %q", i+1, b.Title, want)
			}
		}
	}
	if got := blocksOf(nil); len(got) != 0 {
		t.Errorf("no nodes are %v", got)
	}
}
