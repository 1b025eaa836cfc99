package backend

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

// write appends a row to all heads, whose numbers tell head and row.
func write(t *testing.T, r *Rows) {
	t.Helper()
	n := r.Len()
	if err := r.Reserve(n+1, 0); err != nil {
		t.Fatal(err)
	}
	data := tensor.Data[float32](tensor.View(tensor.Float32, []int{len(r.Data()) / 4}, r.Data()))
	shape := r.Shape()
	for h := range shape[0] * shape[1] {
		for d := range shape[3] {
			data[(h*r.Cap()+n)*shape[3]+d] = float32(1000*h + n)
		}
	}
	r.SetLen(n + 1)
}

func check(t *testing.T, x *tensor.Tensor, heads, rows int) {
	t.Helper()
	if x.Len() != heads*rows*x.Dim(3) || x.Dim(2) != rows {
		t.Fatalf("got %v, want %d rows", x, rows)
	}
	for h := range heads {
		for n := range rows {
			if got := x.Float64((h*rows + n) * x.Dim(3)); got != float64(1000*h+n) {
				t.Fatalf("head %d, row %d is %g", h, n, got)
			}
		}
	}
}

func TestRows(t *testing.T) {
	var l, m Limits
	r := NewRows(tensor.Float32, 2, 3, 5, &l)
	grown := 0
	for n := range 300 {
		before := r.Cap()
		write(t, r)
		if r.Cap() != before {
			grown++
		}
		if n%50 == 0 {
			check(t, r.Tensor(), 6, n+1)
		}
	}
	if grown != 4 || r.Cap() != 512 || l.Used() != 512*6*5*4 {
		t.Errorf("grown %d times to %d rows, %d bytes", grown, r.Cap(), l.Used())
	}
	c, err := r.Clone(&m)
	if err != nil {
		t.Fatal(err)
	}
	r.SetLen(7)
	check(t, r.Tensor(), 6, 7)
	check(t, c.Tensor(), 6, 300)
	if err := r.Set(c.Tensor()); err != nil {
		t.Fatal(err)
	}
	check(t, r.Tensor(), 6, 300)
	if err := r.Set(tensor.New(tensor.Float32, 2, 3, 1, 4)); err == nil || !strings.Contains(err.Error(), "want f32[2, 3, rows, 5], got f32[2 3 1 4]") {
		t.Errorf("got error %v", err)
	}
	r.Free()
	if l.Used() != 0 || r.Len() != 0 {
		t.Errorf("%d bytes and %d rows are left", l.Used(), r.Len())
	}
}

func TestLimits(t *testing.T) {
	l := Limits{Rows: 100, Bytes: 10 * 4 * 90}
	r := NewRows(tensor.Float32, 1, 1, 10, &l)
	if err := r.Reserve(65, 0); err != nil || r.Cap() != 65 { // 128 would be too much
		t.Errorf("%v, room for %d", err, r.Cap())
	}
	if err := r.Reserve(91, 0); err == nil || r.Cap() != 65 || !strings.Contains(err.Error(), "memory limit of 3600") {
		t.Errorf("got error %v", err)
	}
	if err := r.Reserve(80, 10*4*11); err == nil {
		t.Error("no error beside other memory")
	}
	var full *FullError
	if err := r.Reserve(101, 0); !errors.As(err, &full) || full.Rows != 101 || full.Limit != 100 {
		t.Errorf("got error %v", err)
	}
	huge := NewRows(tensor.Float32, 1<<20, 1<<20, 1, &Limits{})
	if err := huge.Reserve(1<<20, 0); err == nil {
		t.Error("no error for a state of exabytes")
	}
}

// TestKeptRows: rows that are kept in fewer bits come back within the error of these, through growth and copies, and count against the limit as they are.
func TestKeptRows(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, kept := range []tensor.DType{tensor.Float16, tensor.Int8} {
		l := &Limits{}
		r := NewRowsIn(kept, tensor.Float32, 2, 3, 5, l)
		x := tensor.New(tensor.Float32, 2, 3, 7, 5)
		all := tensor.Data[float32](x)
		for i := range all {
			all[i] = float32(math.Sin(float64(i))) * float32(1+i/5)
		}
		copy(all[5:], []float32{0, 0, 0, 0, 0, inf, -inf, float32(math.NaN()), 2, -1})
		if err := r.Set(x); err != nil {
			t.Fatal(err)
		}
		if err := r.Reserve(200, 0); err != nil {
			t.Fatal(err)
		}
		c, err := r.Clone(l)
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(r.Bytes() + c.Bytes()); l.Used() != want || want < int64(6*(256+64)*5*kept.Bits()/8) {
			t.Errorf("%v: %d bytes of %d are counted", kept, l.Used(), want)
		}
		r.Free()
		got := tensor.Data[float32](c.Tensor())
		special := []float32{inf, -inf, 0, 2, -1}
		if kept == tensor.Int8 {
			special[0], special[1] = 2, -2
		}
		for i, want := range all {
			row := all[i/5*5:][:5]
			most := float32(0)
			for _, v := range row {
				most = max(most, v, -v)
			}
			limit := float64(most) / 253
			if kept == tensor.Float16 {
				limit = math.Abs(float64(want)) / 2047
			}
			if i >= 10 && i < 15 {
				if want = special[i-10]; kept == tensor.Float16 && i == 12 {
					if got[i] == got[i] {
						t.Errorf("%v: NaN is %g", kept, got[i])
					}
					continue
				}
				limit = 0.008
			}
			if got[i] != want && !(math.Abs(float64(got[i]-want)) <= limit) {
				t.Errorf("%v: element %d is %g, want %g", kept, i, got[i], want)
			}
		}
		c.Free()
		if l.Used() != 0 {
			t.Errorf("%v: %d bytes are counted after all", kept, l.Used())
		}
	}
}
