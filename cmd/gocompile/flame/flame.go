// Package flame draws a profile as one HTML page that needs nothing else: a flame graph of the modules of the model, and tables of kernels and
// steps.
//
// The graph is drawn by d3-flame-graph 5.0.0 (Apache License 2.0) on d3 7.9.2 (ISC License), which become part of the page. Their files are as
// in their npm packages.
package flame

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/gocompile/gocompile/internal/profile"
)

var (
	//go:embed d3.min.js
	d3 string
	//go:embed d3-flamegraph.umd.min.js
	flamegraph string
	//go:embed page.html
	page string
)

// Text are the words of a page in which numbers are written as elsewhere in the program.
type Text struct {
	Duration func(time.Duration) string
	Size     func(bytes int64) string
}

// Write writes the page.
func Write(w io.Writer, p *profile.Profile, text Text) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"time":    func(seconds float64) string { return text.Duration(time.Duration(seconds * 1e9)) },
		"size":    text.Size,
		"percent": func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) },
		"width":   func(x float64) string { return fmt.Sprintf("%.2f%%", 100*min(max(x, 0), 1)) },
		"rate":    Rate,
		"gflops":  func(x float64) float64 { return x / 1e9 },
		"long":    func(n int) int64 { return int64(n) },
		"sum":     func(a, b int64) int64 { return a + b },
		"join":    strings.Join,
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("BUG: %w", err)
	}
	return t.Execute(w, map[string]any{"P": p, "Tree": p.Tree(), "Libraries": []template.JS{template.JS(d3), template.JS(flamegraph)},
		"Date": time.Now().Format(time.DateTime)})
}

// Rate is an amount of work a second in thousands of millions, such as GFLOP/s; empty for none.
func Rate(work int64, seconds float64) string {
	if work == 0 || seconds <= 0 {
		return ""
	}
	return fmt.Sprintf("%.3g", float64(work)/seconds/1e9)
}
