package ir

import (
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MaxSymbolic is the largest number of elements whose contents are followed symbolically. Shapes have a handful.
const MaxSymbolic = 64

// Fact is what is known of a value before the program runs: its type and, possibly, its contents.
type Fact struct {
	Type  Type
	Const *tensor.Tensor // the contents, if they are the same in every run
	Sym   []sym.Expr     // contents of an integer tensor in row-major order as functions of dimensions; nil if not known
}

// Of is the fact that only a type is known.
func Of(t Type) Fact { return Fact{Type: t} }

// ConstFact is the fact of a constant tensor. Small integer tensors are known symbolically too.
func ConstFact(t *tensor.Tensor) Fact {
	f := Fact{Type: StaticType(t.DType(), t.Shape()...), Const: t}
	if d := t.DType(); (d == tensor.Int64 || d == tensor.Int32) && t.Len() <= MaxSymbolic {
		f.Sym = make([]sym.Expr, t.Len())
		for i := range f.Sym {
			f.Sym[i] = sym.Const(t.Int64(i))
		}
	}
	return f
}

// SymFact is the fact of an integer tensor whose contents are symbolic. If all of them are constants it is a constant.
func SymFact(elem tensor.DType, shape []int, exprs []sym.Expr) Fact {
	f := Fact{Type: StaticType(elem, shape...)}
	if len(exprs) > MaxSymbolic {
		return f
	}
	f.Sym = exprs
	t := tensor.New(elem, shape...)
	for i, e := range exprs {
		n, ok := e.IsConst()
		if !ok {
			return f
		}
		if elem == tensor.Int32 && n != int64(int32(n)) {
			return Fact{Type: f.Type}
		}
		t.SetInt64(i, n)
	}
	f.Const = t
	return f
}
