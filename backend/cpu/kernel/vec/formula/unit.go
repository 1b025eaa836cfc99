package formula

import "math"

// Word is a constant of 32 bits that every lane has.
type Word uint32

// F is the word of the float32 next to x.
func F(x float64) Word { return Word(math.Float32bits(float32(x))) }

// Predicate is a comparison, by its number in the manual of VCMPPS. They are false for NaN, but those from Unordered on.
type Predicate uint8

// The predicates.
const (
	Equal      Predicate = 0
	Less       Predicate = 1
	LessEqual  Predicate = 2
	Greater    Predicate = 14
	Unordered  Predicate = 3
	BelowOrNaN Predicate = 9
	NotEqual   Predicate = 4
	NotLess    Predicate = 21
)

// Mode is a way of rounding to an integer, by its number in the manual of VROUNDPS.
type Mode uint8

// The modes.
const (
	Nearest Mode = 8 // an even integer of two
	Down    Mode = 9
	Up      Mode = 10
)

// Unit writes instructions on vectors of 32-bit lanes. Its methods are functions of vectors: each result is a new register of type R, but
// where it is said otherwise. An operand of type any is a register or a [Word].
type Unit[R any] interface {
	Hold(x any) R // a constant, or a copy of a register
	Zero() R

	Add(x R, y any) R
	Sub(x R, y any) R
	Mul(x R, y any) R
	Div(x R, y any) R
	Sqrt(x R) R
	Round(x R, m Mode) R
	Least(x, limit R) R // the smaller of limit and x, and NaN if x is
	Most(x, limit R) R  // the larger of limit and x, and NaN if x is

	MulAdd(sum, x R, y any) // changes sum to sum·x + y
	AddMul(sum, x R, y any) // changes sum to sum + x·y
	SubMul(sum, x R, y any) // changes sum to sum - x·y
	MulSub(sum, x R, y any) // changes sum to sum·x - y

	And(x R, y any) R
	Or(x R, y any) R
	Xor(x R, y any) R
	AddInt(x R, y any) R
	SubInt(x R, y any) R
	ShiftLeft(x R, by int) R
	ShiftRight(x R, by int) R // keeps the sign
	FloatOfInt(x R) R
	Scale(v, n, shifted R) R // v·2ⁿ for -252 < n < 254, rounded once if it is denormal; see [Scale] for shifted

	Compare(p Predicate, x R, y any) R // a condition for Where
	Negative(x R) R                    // the condition that the sign bit is set
	Where(condition R, yes any, no R) R
	ZeroWhere(condition, x R) R // 0 where a condition of Compare holds, else x
}

// Abs is |x|.
func Abs[R any](u Unit[R], x R) R { return u.And(x, Word(0x7fffffff)) }

// Polynomial evaluates coefficients, lowest power first, at x.
func Polynomial[R any](u Unit[R], x R, coefficients ...float64) R {
	last := len(coefficients) - 1
	sum := u.Hold(F(coefficients[last]))
	for i := last - 1; i >= 0; i-- {
		u.MulAdd(sum, x, F(coefficients[i]))
	}
	return sum
}
