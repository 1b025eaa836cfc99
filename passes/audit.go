package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// audit looks at a node of the optimised graph for what a part is made of, so that a part in a spelling that no recogniser knows is
// told about as missed instead of being passed over.
func (r *Report) audit(n *ir.Node) {
	unless := func(kind string, at *ir.Node, because string) {
		if r.because[missKey{at, kind}] == "" {
			r.miss(kind, at, because)
		}
	}
	switch o := n.Op.(type) {
	case *op.Softmax:
		if p := weighted(n); p != nil && fromProduct(n.Input(0), maxSteps) {
			unless(KindAttention, p, "the weights of a softmax over products multiply a matrix, but scores or values are in no known form")
		}
	case *op.Unary:
		r.auditUnary(n, o, unless)
	case *op.Binary:
		switch o.Fn {
		case op.Mul:
			auditProduct(n, unless)
		case op.Add:
			auditSum(n, unless)
		}
	case *op.Concat:
		if len(n.In()) == 2 && isTurn(n) {
			unless(KindRotary, n, "a sum and a difference of products stand side by side, but not in the form of a rotation")
		}
		if len(n.In()) == 2 && isLast(o.Axis, n.Out()[0]) && unaryOf(n.Input(0), op.Neg) != nil && usedByProduct(n.Out()[0], 4) {
			unless(KindRotary, n, "halves are exchanged, one negated, and multiplied, but not in the form of a rotation")
		}
	case *op.Loop:
		r.auditBody(n, o.Body, unless)
	case *op.Scan:
		r.auditBody(n, o.Body, unless)
	}
}

const maxSteps = 24 // nodes between the ends of a pattern

func (r *Report) auditUnary(n *ir.Node, o *op.Unary, unless func(string, *ir.Node, string)) {
	x := n.Input(0)
	switch o.Fn {
	case op.Erf:
		unless(KindActivation, n, "an error function that is not part of ½·x·(1 + erf(x/√2))")
	case op.Tanh:
		if _, list := factors(x); len(list) == 1 && binaryOf(list[0], op.Add) != nil {
			for _, v := range list[0].Def().In() {
				if _, cube := factors(v); len(cube) >= 3 {
					unless(KindActivation, n, "a tanh of a cubic that is not that of Gelu")
				}
			}
		}
	case op.Sqrt:
		if at := dividedBy(n.Out()[0], 4); at != nil && fromMoment(x, false, 6) {
			unless(KindNorm, at, "a value is divided by the root of a mean of squares, but in no form of a norm that is known")
		}
	case op.Cos, op.Sin:
		if x.Const == nil && turns(n.Out()[0], 8) {
			unless(KindRotary, n, "sines and cosines multiply parts of a value, but not in the form of a rotation")
		}
	}
}

// auditProduct finds x·sigmoid(a·x) and o⊙tanh(c) with o a sigmoid, the last step of an LSTM's cell.
func auditProduct(n *ir.Node, unless func(string, *ir.Node, string)) {
	for i := range 2 {
		s := unaryOf(n.Input(i), op.Sigmoid)
		if s == nil {
			continue
		}
		if _, ok := multipleOf(s.Input(0), n.Input(1-i)); ok {
			unless(KindActivation, n, "a product with its own sigmoid that is not Silu")
		}
		if t := unaryOf(n.Input(1-i), op.Tanh); t != nil && binaryOf(t.Input(0), op.Add) != nil {
			unless(KindRecurrent, n, "a cell that is not in a loop over steps")
		}
	}
}

// auditSum finds n + z·(h − n) and (1 − z)·n + z·h with z a sigmoid and n a tanh, the last step of a GRU's cell.
func auditSum(n *ir.Node, unless func(string, *ir.Node, string)) {
	for i := range 2 {
		p := binaryOf(n.Input(i), op.Mul)
		if p == nil {
			continue
		}
		rest := n.Input(1 - i)
		if q := binaryOf(rest, op.Mul); q != nil && (unaryOf(q.Input(0), op.Tanh) != nil && isOneLess(q.Input(1), p) || unaryOf(q.Input(1), op.Tanh) != nil && isOneLess(q.Input(0), p)) {
			unless(KindRecurrent, n, "a cell that is not in a loop over steps")
		}
		if unaryOf(rest, op.Tanh) == nil {
			continue
		}
		for k := range 2 {
			if d := binaryOf(p.Input(k), op.Sub); d != nil && d.Input(1) == rest && unaryOf(p.Input(1-k), op.Sigmoid) != nil {
				unless(KindRecurrent, n, "a cell that is not in a loop over steps")
			}
		}
	}
}

// isOneLess reports whether v is 1 − z, where z is a sigmoid and a factor of p.
func isOneLess(v *ir.Value, p *ir.Node) bool {
	d := binaryOf(v, op.Sub)
	if d == nil || unaryOf(d.Input(1), op.Sigmoid) == nil || p.Input(0) != d.Input(1) && p.Input(1) != d.Input(1) {
		return false
	}
	one, ok := scalarOf(d.Input(0))
	return ok && one == 1
}

// isTurn reports whether one operand of a Concat is the difference and the other the sum of two products of the same four factors.
func isTurn(n *ir.Node) bool {
	inner := func(v *ir.Value) *ir.Value {
		if r, _ := nodeOf[*op.Reshape](v); r != nil {
			return r.Input(0)
		}
		return v
	}
	sub, add := binaryOf(inner(n.Input(0)), op.Sub), binaryOf(inner(n.Input(1)), op.Add)
	if sub == nil || add == nil {
		return false
	}
	p, q := binaryOf(sub.Input(0), op.Mul), binaryOf(sub.Input(1), op.Mul)
	if p == nil || q == nil {
		return false
	}
	for i := range 2 {
		for k := range 2 {
			if isSumOfProducts(add, p.Input(i), q.Input(k), q.Input(1-k), p.Input(1-i)) {
				return true
			}
		}
	}
	return false
}

// auditBody finds loops over the cell of a recurrent layer.
func (r *Report) auditBody(n *ir.Node, body *ir.Graph, unless func(string, *ir.Node, string)) {
	product, gate := false, false
	for m := range body.Nodes() {
		switch o := m.Op.(type) {
		case *op.MatMul, *op.Gemm, *op.Einsum:
			product = true
		case *op.Unary:
			gate = gate || o.Fn == op.Sigmoid || o.Fn == op.Tanh
		case *op.LSTM, *op.GRU, *op.RNN:
			return
		}
	}
	if product && gate {
		unless(KindRecurrent, n, "a loop over steps whose body is no known cell")
	}
}

// passes reports whether n hands a tensor on with other values or another shape only, element by element.
func passes(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.Unary, *op.Binary, *op.Where, *op.Cast, *op.Clip, *op.Reshape, *op.Transpose, *op.Expand, *op.Squeeze, *op.Unsqueeze, *op.Slice, *op.Pad, *op.Concat, *op.Split:
		return true
	}
	return false
}

// isProduct reports whether n multiplies two computed matrices.
func isProduct(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.MatMul, *op.Einsum:
		return len(n.In()) >= 2 && n.Input(0).Const == nil && n.Input(1).Const == nil
	}
	return false
}

// weighted is the product of matrices that the result of n is an operand of.
func weighted(n *ir.Node) *ir.Node {
	for queue, seen := []*ir.Node{n}, 0; len(queue) > 0 && seen < maxSteps; seen++ {
		for _, v := range queue[0].Out() {
			for _, u := range v.Uses() {
				if isProduct(u.Node) {
					return u.Node
				}
				if passes(u.Node) {
					queue = append(queue, u.Node)
				}
			}
		}
		queue = queue[1:]
	}
	return nil
}

// fromProduct reports whether v is made of a product of matrices within so many steps.
func fromProduct(v *ir.Value, steps int) bool {
	for queue := []*ir.Value{v}; len(queue) > 0 && steps > 0; steps-- {
		n := defOf(queue[0])
		queue = queue[1:]
		switch {
		case n == nil:
		case isProduct(n):
			return true
		case passes(n):
			for _, x := range n.In() {
				if x != nil && x.Const == nil {
					queue = append(queue, x)
				}
			}
		}
	}
	return false
}

// fromMoment reports whether v is made of a mean of squares within so many steps; scaled says that there was a factor on the way, which makes a mean of
// a sum.
func fromMoment(v *ir.Value, scaled bool, steps int) bool {
	n := defOf(v)
	if n == nil || steps == 0 {
		return false
	}
	switch o := n.Op.(type) {
	case *op.Reduce:
		square := binaryOf(n.Input(0), op.Mul)
		isSquare := square != nil && square.Input(0) == square.Input(1) || o.Fn == op.ReduceSumSquare
		return isSquare && (o.Fn == op.ReduceMean || scaled && (o.Fn == op.ReduceSum || o.Fn == op.ReduceSumSquare))
	case *op.Reshape, *op.Clip, *op.Cast:
		return fromMoment(n.Input(0), scaled, steps-1)
	case *op.Binary:
		if x, _, ok := withScalar(n); ok {
			return fromMoment(x, scaled || o.Fn == op.Mul, steps-1)
		}
		return o.Fn == op.Sub && fromMoment(n.Input(0), scaled, steps-1)
	}
	return false
}

// dividedBy is the node that divides something by v, or multiplies it by the reciprocal of v; nil if there is none.
func dividedBy(v *ir.Value, steps int) *ir.Node {
	for _, u := range v.Uses() {
		next := false
		switch o := u.Node.Op.(type) {
		case *op.Binary:
			if o.Fn == op.Div && u.Index == 1 || o.Fn == op.Mul && unaryOf(v, op.Reciprocal) != nil {
				return u.Node
			}
			_, _, next = withScalar(u.Node) // an ε behind the root
		case *op.Unary:
			next = o.Fn == op.Reciprocal
		case *op.Reshape, *op.Expand:
			next = true
		}
		if next && steps > 0 {
			if n := dividedBy(u.Node.Out()[0], steps-1); n != nil {
				return n
			}
		}
	}
	return nil
}

// usedByProduct reports whether v, moved or repeated, is a factor of a computed value.
func usedByProduct(v *ir.Value, steps int) bool {
	for _, u := range v.Uses() {
		switch o := u.Node.Op.(type) {
		case *op.Binary:
			if o.Fn == op.Mul {
				return true
			}
		case *op.Reshape, *op.Transpose, *op.Cast:
			if steps > 0 && usedByProduct(u.Node.Out()[0], steps-1) {
				return true
			}
		}
	}
	return false
}

// turns reports whether v, a sine or cosine, moved or repeated, is a factor of a value in a sum or difference of two products.
func turns(v *ir.Value, steps int) bool {
	for _, u := range v.Uses() {
		switch o := u.Node.Op.(type) {
		case *op.Binary:
			if _, _, scaled := withScalar(u.Node); scaled {
				if steps > 0 && turns(u.Node.Out()[0], steps-1) {
					return true
				}
				continue
			}
			if o.Fn != op.Mul {
				continue
			}
			for _, w := range u.Node.Out()[0].Uses() {
				s, ok := w.Node.Op.(*op.Binary)
				if ok && (s.Fn == op.Add || s.Fn == op.Sub) && binaryOf(w.Node.Input(1-w.Index), op.Mul) != nil {
					return true
				}
			}
		case *op.Reshape, *op.Transpose, *op.Cast, *op.Concat, *op.Expand, *op.Gather, *op.Slice, *op.Split:
			for _, w := range u.Node.Out() {
				if steps > 0 && turns(w, steps-1) {
					return true
				}
			}
		}
	}
	return false
}
