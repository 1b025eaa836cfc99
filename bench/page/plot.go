package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colours of runtimes; those that are not named are grey.
var colours = map[string]color.Color{
	ours: color.RGBA{0xe4, 0x57, 0x2e, 0xff}, "onnxruntime": color.RGBA{0x3a, 0x86, 0xc8, 0xff},
	"openvino": color.RGBA{0x76, 0xb0, 0x41, 0xff}, "tract": color.RGBA{0xa1, 0x67, 0xc9, 0xff},
}

// drawAll draws each axis as a file in a folder.
func drawAll(g *growth, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, a := range g.Axes {
		b, err := drawAxis(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Title, err)
		}
		if err := replace(filepath.Join(dir, fileOf(a)), b); err != nil {
			return err
		}
	}
	return nil
}

// fileOf is the name of the file of a plot.
func fileOf(a axis) string {
	words := strings.FieldsFunc(strings.ToLower(a.Title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-") + ".svg"
}

// drawAxis draws the times of all runtimes against the size, both axes logarithmic.
func drawAxis(a axis) ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = a.Title, a.Unit, "milliseconds"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(3)
	p.Legend.TextStyle.Font.Size = vg.Points(10)
	var ticks []plot.Tick
	for _, at := range a.Points {
		ticks = append(ticks, plot.Tick{Value: float64(at.Size), Label: fmt.Sprint(at.Size)})
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	for _, name := range a.runtimes() {
		var xy plotter.XYs
		for _, at := range a.Points {
			if y := at.at(name); y > 0 {
				xy = append(xy, plotter.XY{X: float64(at.Size), Y: y * 1e3})
			}
		}
		line, points, err := plotter.NewLinePoints(xy)
		if err != nil {
			return nil, err
		}
		c, ok := colours[name]
		if !ok {
			c = color.Gray{0x77}
		}
		line.Color, points.Color, points.Shape = c, c, draw.CircleGlyph{}
		if line.Width = vg.Points(1); name == ours {
			line.Width = vg.Points(2)
		}
		p.Add(line, points)
		p.Legend.Add(name, line)
	}
	canvas := vgsvg.New(6.4*vg.Inch, 4*vg.Inch)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	_, err := canvas.WriteTo(&b)
	return b.Bytes(), err
}
