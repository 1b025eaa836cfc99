package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// NonMaxSuppression selects boxes [B, S, 4] by scores [B, classes, S], both f32: for each class, from the highest score down, each box whose
// intersection with every box selected before is at most a part of their union. Boxes are two opposite corners y1, x1, y2, x2, or centre
// and size x, y, w, h if CenterPoint is set. Optional scalars say how many boxes a class may have (0), that part (0), and the score that a
// box must exceed. The result lists batch, class and box as i64 [number, 3] (ONNX NonMaxSuppression 11).
type NonMaxSuppression struct{ CenterPoint bool }

// Infer implements [ir.Op].
func (o *NonMaxSuppression) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 5); err != nil {
		return nil, err
	}
	for i, name := range []string{"boxes", "scores"} {
		if t := c.Type(i); t.Elem != tensor.Float32 || t.Ranked && len(t.Dims) != 3 {
			return nil, fmt.Errorf("%s must be f32 of rank 3, got %v", name, t)
		}
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64, c.Fresh("boxes"), sym.Int(3)))}, nil
}

// Eval implements [ir.Op].
func (o *NonMaxSuppression) Eval(c *ir.EvalContext) error {
	b, s := c.Tensor(0), c.Tensor(1)
	if b.Rank() != 3 || s.Rank() != 3 || b.Dim(2) != 4 || b.Dim(0) != s.Dim(0) || b.Dim(1) != s.Dim(2) {
		return fmt.Errorf("boxes of shape %v and scores of shape %v do not fit", b.Shape(), s.Shape())
	}
	most := int64(0)
	if c.Has(2) {
		var err error
		if most, err = scalarInt(c.Tensor(2), "the number of boxes"); err != nil {
			return err
		}
	}
	var limits [2]float32
	for i, name := range []string{"the part of intersection", "the score to exceed"} {
		if t := c.Tensor(3 + i); t != nil {
			if t.Len() != 1 || t.DType() != tensor.Float32 {
				return fmt.Errorf("%s must be one f32, got %v", name, t)
			}
			limits[i] = tensor.Data[float32](t)[0]
		}
	}
	boxes, scores, n := tensor.Data[float32](b), tensor.Data[float32](s), b.Dim(1)
	rects := make([]rectangle, n)
	order := make([]int, 0, n)
	var selected []int64
	for batch := range b.Dim(0) {
		for i := range rects {
			rects[i] = o.rectangle(boxes[(batch*n+i)*4:])
		}
		for class := range s.Dim(1) {
			score := scores[(batch*s.Dim(1)+class)*n:][:n]
			order = order[:0]
			for i, v := range score {
				if !c.Has(4) || v > limits[1] {
					order = append(order, i)
				}
			}
			slices.SortStableFunc(order, func(i, j int) int { return compare(float64(score[j]), float64(score[i])) })
			for _, i := range suppress(rects, order, limits[0], most) {
				selected = append(selected, int64(batch), int64(class), int64(i))
			}
		}
	}
	copy(tensor.Data[int64](c.New(0, tensor.Int64, len(selected)/3, 3)), selected)
	return nil
}

// suppress selects boxes in order.
func suppress(rects []rectangle, order []int, part float32, most int64) []int {
	var kept []int
	for _, i := range order {
		if int64(len(kept)) >= most {
			break
		}
		if !slices.ContainsFunc(kept, func(k int) bool { return rects[i].overlap(rects[k]) > part }) {
			kept = append(kept, i)
		}
	}
	return kept
}

type rectangle struct{ x1, x2, y1, y2 float32 }

func (o *NonMaxSuppression) rectangle(b []float32) rectangle {
	if o.CenterPoint {
		w, h := b[2]/2, b[3]/2
		return rectangle{b[0] - w, b[0] + w, b[1] - h, b[1] + h}
	}
	return rectangle{min(b[1], b[3]), max(b[1], b[3]), min(b[0], b[2]), max(b[0], b[2])}
}

// overlap is the area of the intersection over that of the union, −1 if one has no area.
func (a rectangle) overlap(b rectangle) float32 {
	w, h := min(a.x2, b.x2)-max(a.x1, b.x1), min(a.y2, b.y2)-max(a.y1, b.y1)
	areaA, areaB := (a.x2-a.x1)*(a.y2-a.y1), (b.x2-b.x1)*(b.y2-b.y1)
	common := w * h
	union := areaA + areaB - common
	if !(w > 0 && h > 0 && common > 0 && areaA > 0 && areaB > 0 && union > 0) {
		return -1
	}
	return common / union
}

func init() { ir.Register[NonMaxSuppression]() }
