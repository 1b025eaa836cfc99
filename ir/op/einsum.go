package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Einsum sums products of elements by Einstein's convention, as numpy.einsum: "bij,bjk->bik". An ellipsis stands for axes that
// broadcast; without an arrow the result has all letters that occur once, in alphabetical order.
type Einsum struct{ Equation string }

// Terms parses the equation for operands of those ranks into one list of labels an operand, a label for each axis, and one for the result; axes of
// an ellipsis have labels below 0, numbered from the right. It fails if the equation does not fit the ranks.
func (o *Einsum) Terms(ranks []int) (in [][]rune, out []rune, err error) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(o.Equation, " ", ""), "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(ranks) {
		return nil, nil, fmt.Errorf("equation %q has %d operands, got %d", o.Equation, len(parts), len(ranks))
	}
	count := map[rune]int{}
	widest := 0
	for i, p := range parts {
		labels, dots, err := expandTerm(p, ranks[i])
		if err != nil {
			return nil, nil, fmt.Errorf("equation %q, operand %d: %w", o.Equation, i, err)
		}
		widest = max(widest, dots)
		for _, l := range labels {
			count[l]++
		}
		in = append(in, labels)
	}
	if explicit {
		letters := strings.ReplaceAll(right, "...", "")
		rank := len(letters)
		if letters != right {
			rank += widest
		}
		if out, _, err = expandTerm(right, rank); err != nil {
			return nil, nil, fmt.Errorf("equation %q, result: %w", o.Equation, err)
		}
		for _, l := range out {
			if count[l] == 0 {
				return nil, nil, fmt.Errorf("equation %q: label %q of the result is in no operand", o.Equation, l)
			}
		}
		return in, out, nil
	}
	for k := widest; k > 0; k-- {
		out = append(out, rune(-k))
	}
	var once []rune
	for l, n := range count {
		if l > 0 && n == 1 {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return in, append(out, once...), nil
}

// expandTerm replaces the ellipsis by as many labels as the rank needs.
func expandTerm(term string, rank int) (labels []rune, dots int, err error) {
	before, after, hasDots := strings.Cut(term, "...")
	letters := []rune(before + after)
	if hasDots {
		dots = rank - len(letters)
	}
	if dots < 0 || len(letters)+dots != rank {
		return nil, 0, fmt.Errorf("term %q does not fit rank %d", term, rank)
	}
	for _, l := range letters {
		if (l < 'a' || l > 'z') && (l < 'A' || l > 'Z') {
			return nil, 0, fmt.Errorf("label %q is no letter", l)
		}
	}
	labels = append(labels, []rune(before)...)
	for k := dots; k > 0; k-- {
		labels = append(labels, rune(-k))
	}
	return append(labels, []rune(after)...), dots, nil
}

// Infer implements [ir.Op].
func (o *Einsum) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, -1); err != nil {
		return nil, err
	}
	ranks := make([]int, c.NumIn())
	elem := c.Type(0).Elem
	for i := range ranks {
		t, err := c.Tensor(i)
		if err != nil {
			return nil, err
		}
		if !t.Ranked {
			return []ir.Fact{ir.Of(ir.UnrankedType(elem))}, nil
		}
		if t.Elem != elem {
			return nil, fmt.Errorf("element types differ: %v and %v", elem, t.Elem)
		}
		ranks[i] = len(t.Dims)
	}
	in, out, err := o.Terms(ranks)
	if err != nil {
		return nil, err
	}
	size := map[rune]sym.Expr{}
	for i, labels := range in {
		for k, l := range labels {
			d := c.Type(i).Dims[k]
			if have, ok := size[l]; ok {
				if d, err = sym.Broadcast(have, d); err != nil {
					return nil, fmt.Errorf("equation %q, label %q: %w", o.Equation, l, err)
				}
			}
			size[l] = d
		}
	}
	dims := make([]sym.Expr, len(out))
	for i, l := range out {
		dims[i] = size[l]
	}
	return []ir.Fact{ir.Of(ir.TensorType(elem, dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Einsum) Eval(c *ir.EvalContext) error {
	ranks := make([]int, c.NumIn())
	for i := range ranks {
		ranks[i] = c.Tensor(i).Rank()
	}
	in, out, err := o.Terms(ranks)
	if err != nil {
		return err
	}
	size := map[rune]int{}
	for i, labels := range in {
		for k, l := range labels {
			d := c.Tensor(i).Dim(k)
			if have, ok := size[l]; ok && have != d && have != 1 && d != 1 {
				return fmt.Errorf("equation %q: label %q is both %d and %d", o.Equation, l, have, d)
			}
			if have, ok := size[l]; !ok || have == 1 {
				size[l] = d
			}
		}
	}
	order := slices.Clone(out) // result labels first, then the summed ones
	for _, labels := range in {
		for _, l := range labels {
			if !slices.Contains(order, l) {
				order = append(order, l)
			}
		}
	}
	shape := make([]int, len(order))
	for i, l := range order {
		shape[i] = size[l]
	}
	steps := make([][]int, len(in))
	for i, labels := range in {
		t := c.Tensor(i)
		strides := rowMajor(t.Shape())
		steps[i] = make([]int, len(order))
		for k, l := range labels {
			if t.Dim(k) != 1 {
				steps[i][slices.Index(order, l)] += strides[k]
			}
		}
	}
	return o.sum(c, shape, len(out), steps)
}

func (o *Einsum) sum(c *ir.EvalContext, shape []int, kept int, steps [][]int) error {
	y := c.New(0, c.Tensor(0).DType(), shape[:kept]...)
	inner := 1
	for _, d := range shape[kept:] {
		inner *= d
	}
	if inner == 0 || y.Len() == 0 {
		return nil
	}
	x := make([]*tensor.Tensor, len(steps))
	for i := range x {
		x[i] = c.Tensor(i)
	}
	var accF float64
	var accI int64
	var accC complex128
	d := y.DType()
	walk(shape, func(i int, at []int) {
		switch {
		case d.IsInteger():
			p := int64(1)
			for k, off := range at {
				p *= x[k].Int64(off)
			}
			accI += p
		case d.IsComplex():
			p := complex128(1)
			for k, off := range at {
				p *= x[k].Complex128(off)
			}
			accC += p
		default:
			p := 1.0
			for k, off := range at {
				p *= x[k].Float64(off)
			}
			accF += p
		}
		if (i+1)%inner != 0 {
			return
		}
		switch {
		case d.IsInteger():
			y.SetInt64(i/inner, accI)
		case d.IsComplex():
			y.SetComplex128(i/inner, accC)
		default:
			y.SetFloat64(i/inner, accF)
		}
		accF, accI, accC = 0, 0, 0
	}, steps...)
	return nil
}

func init() { ir.Register[Einsum]() }
