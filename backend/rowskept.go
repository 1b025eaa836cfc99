package backend

import (
	"math"

	"github.com/gocompile/gocompile/tensor"
)

// read converts the filled part of a head to the type of the elements.
func (r *Rows) read(dst []byte, h int) {
	src, n := r.head(h), r.shape[2]*r.shape[3]
	to := func() *tensor.Tensor { return tensor.View(tensor.Float32, []int{n}, dst) }
	switch {
	case r.kept == r.elem || n == 0:
		copy(dst, src)
	case r.kept == tensor.Float16:
		tensor.ConvertInto(to(), tensor.View(tensor.Float16, []int{n}, src), false)
	default:
		all := tensor.Data[float32](to())
		for i := range all {
			all[i] = float32(int8(src[i])) * r.headScales(h)[i/r.shape[3]]
		}
	}
}

// write is the reverse of read.
func (r *Rows) write(h int, src []byte) {
	dst, n := r.head(h), r.shape[2]*r.shape[3]
	from := func() *tensor.Tensor { return tensor.View(tensor.Float32, []int{n}, src) }
	switch {
	case r.kept == r.elem || n == 0:
		copy(dst, src)
	case r.kept == tensor.Float16:
		tensor.ConvertInto(tensor.View(tensor.Float16, []int{n}, dst), from(), false)
	default:
		size := r.shape[3]
		for i := range r.shape[2] {
			r.headScales(h)[i] = roundRow(dst[i*size:(i+1)*size], tensor.Data[float32](from())[i*size:(i+1)*size])
		}
	}
}

// RowScale is the scale by which a row is kept in integers: the largest that is finite of its magnitudes becomes 127.
func RowScale(row []float32) float32 {
	most := float32(0)
	for _, x := range row {
		if x = max(x, -x); x > most && x <= math.MaxFloat32 {
			most = x
		}
	}
	return most / 127
}

// roundRow writes a row as integers, ties to even, and returns their scale.
func roundRow(dst []byte, row []float32) float32 {
	scale := RowScale(row)
	for i, x := range row {
		v := math.RoundToEven(float64(x / scale))
		switch {
		case scale == 0 || x != x:
			v = 0
		case v > 127:
			v = 127
		case v < -127:
			v = -127
		}
		dst[i] = byte(int8(v))
	}
	return scale
}
