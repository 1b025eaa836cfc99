package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// page writes tables to one stream.
type page struct {
	w      io.Writer
	colour bool
	begun  bool
	err    error
}

func newPage(stdout io.Writer) *page {
	return &page{w: stdout, colour: isTerminal(stdout) && os.Getenv("NO_COLOR") == ""}
}

// printf writes text.
func (p *page) printf(format string, args ...any) {
	p.begun = true
	if _, err := fmt.Fprintf(p.w, format, args...); err != nil && p.err == nil {
		p.err = err
	}
}

// column is a heading; numbers stand to the right.
type column struct {
	name  string
	right bool
}

func left(name string) column      { return column{name, false} }
func right(name string) column     { return column{name, true} }
func columns(c ...column) []column { return c }

// table writes rows under a title and headings. Tables are set apart by an empty line.
func (p *page) table(title string, head []column, rows [][]string) {
	if p.begun {
		p.printf("\n")
	}
	if title != "" {
		p.printf("%s\n", p.paint(title, text.Bold))
	}
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	var configs []table.ColumnConfig
	header := table.Row{}
	for i, c := range head {
		align := text.AlignLeft
		if c.right {
			align = text.AlignRight
		}
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
		header = append(header, p.paint(c.name, text.Faint))
	}
	t.SetColumnConfigs(configs)
	t.AppendHeader(header)
	for _, r := range rows {
		row := table.Row{}
		for _, s := range r {
			row = append(row, s)
		}
		t.AppendRow(row)
	}
	p.printf("%s\n", t.Render())
}

// paint colours a text on a terminal.
func (p *page) paint(s string, c ...text.Color) string {
	if !p.colour || s == "" {
		return s
	}
	text.EnableColors()
	return text.Colors(c).Sprint(s)
}

// threadsText counts threads.
func threadsText(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return number(int64(n)) + " threads"
}

// number is a count with separators, 201,466,160.
func number(n int64) string { return humanize.Comma(n) }

// size is a number of bytes for people.
func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// parseBytes reads a size such as 512MB.
func parseBytes(s string) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > 1<<62 {
		return 0, usagef("%q is no size in bytes; write it as 512MB or 2GiB", s)
	}
	return int64(n), nil
}

// short is a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// shapeText is a shape as types print it.
func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = fmt.Sprint(n)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
