package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A unit writes instructions on vectors of one width. Its methods are functions of vectors: each result is a new register, but where
// it is said otherwise. An operand of type any is a register or a word, a constant that every lane has.
type unit struct {
	wide  bool // AVX-512 rather than AVX2
	lanes int
	name  string // the level, a suffix of function names
	table *table
	masks Mem // AVX2: eight set and eight clear words
}

// word is a constant: 32 bits.
type word uint32

func f(x float64) word { return word(math.Float32bits(float32(x))) }

var infinity = f(math.Inf(1))

func newUnit(level string) *unit {
	u := &unit{wide: level == "avx512", lanes: 8, name: map[string]string{"avx2": "AVX2", "avx512": "AVX512"}[level], table: newTable()}
	if u.wide {
		u.lanes = 16
		return u
	}
	u.masks = GLOBL("tailMasks", RODATA|NOPTR)
	for i := range 16 {
		w := U32(0)
		if i < 8 {
			w = ^U32(0)
		}
		DATA(4*i, w)
	}
	return u
}

func (u *unit) bytes() int { return 4 * u.lanes }

func (u *unit) new() VecVirtual {
	if u.wide {
		return ZMM()
	}
	return YMM()
}

// hold is a register of a constant or of a copy of another register.
func (u *unit) hold(x any) VecVirtual {
	v := u.new()
	switch x := x.(type) {
	case word:
		VBROADCASTSS(u.table.address(x), v)
	case Register:
		VMOVAPS(x, v)
	default:
		panic(fmt.Sprintf("operand %v", x))
	}
	return v
}

// param is a register of a float32 parameter in every lane.
func (u *unit) param(name string) VecVirtual {
	m, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := u.new()
	VBROADCASTSS(m.Addr, v)
	return v
}

type instruction func(...Op)

// emit writes an instruction whose first operand after the immediate ones is y.
func (u *unit) emit(plain, broadcast instruction, y any, rest ...Op) {
	switch y := y.(type) {
	case word:
		if u.wide {
			broadcast(append([]Op{u.table.address(y)}, rest...)...)
		} else {
			plain(append([]Op{u.table.address(y)}, rest...)...)
		}
	case Register:
		plain(append([]Op{y}, rest...)...)
	default:
		panic(fmt.Sprintf("operand %v", y))
	}
}

// three writes an instruction of two sources, of which y may be in memory, and a destination.
func (u *unit) three(plain, broadcast instruction, x Register, y any) VecVirtual {
	v := u.new()
	u.emit(plain, broadcast, y, x, v)
	return v
}

// two is fixed as instruction.
func two(i func(a, b, c Op)) instruction { return func(ops ...Op) { i(ops[0], ops[1], ops[2]) } }

func (u *unit) add(x Register, y any) VecVirtual { return u.three(VADDPS, VADDPS_BCST, x, y) }
func (u *unit) sub(x Register, y any) VecVirtual { return u.three(VSUBPS, VSUBPS_BCST, x, y) }
func (u *unit) mul(x Register, y any) VecVirtual { return u.three(VMULPS, VMULPS_BCST, x, y) }
func (u *unit) div(x Register, y any) VecVirtual { return u.three(VDIVPS, VDIVPS_BCST, x, y) }

// least is the smaller of limit and x, and NaN if x is.
func (u *unit) least(x, limit Register) VecVirtual { return u.three(VMINPS, VMINPS_BCST, limit, x) }

// most is the larger of limit and x, and NaN if x is.
func (u *unit) most(x, limit Register) VecVirtual { return u.three(VMAXPS, VMAXPS_BCST, limit, x) }

func (u *unit) and(x Register, y any) VecVirtual { return u.three(VANDPS, VANDPS_BCST, x, y) }
func (u *unit) or(x Register, y any) VecVirtual  { return u.three(VORPS, VORPS_BCST, x, y) }
func (u *unit) xor(x Register, y any) VecVirtual { return u.three(VXORPS, VXORPS_BCST, x, y) }

func (u *unit) abs(x Register) VecVirtual { return u.and(x, word(0x7fffffff)) }

// zero is a register of zeros.
func (u *unit) zero() VecVirtual {
	v := u.new()
	u.clear(v)
	return v
}

func (u *unit) clear(v Register) {
	if u.wide {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

// mulAdd changes sum to sum·x + y.
func (u *unit) mulAdd(sum, x Register, y any) { u.emit(VFMADD213PS, VFMADD213PS_BCST, y, x, sum) }

// addMul changes sum to sum + x·y.
func (u *unit) addMul(sum, x Register, y any) { u.emit(VFMADD231PS, VFMADD231PS_BCST, y, x, sum) }

// subMul changes sum to sum - x·y.
func (u *unit) subMul(sum, x Register, y any) { u.emit(VFNMADD231PS, VFNMADD231PS_BCST, y, x, sum) }

// mulSub changes sum to sum·x - y.
func (u *unit) mulSub(sum, x Register, y any) { u.emit(VFMSUB213PS, VFMSUB213PS_BCST, y, x, sum) }

// polynomial evaluates coefficients, lowest power first, at x.
func (u *unit) polynomial(x Register, coefficients ...float64) VecVirtual {
	last := len(coefficients) - 1
	sum := u.hold(f(coefficients[last]))
	for i := last - 1; i >= 0; i-- {
		u.mulAdd(sum, x, f(coefficients[i]))
	}
	return sum
}

// Arithmetic on lanes of 32-bit integers.

func (u *unit) addInt(x Register, y any) VecVirtual {
	if u.wide {
		return u.three(VPADDD, VPADDD_BCST, x, y)
	}
	return u.three(two(func(a, b, c Op) { VPADDD(a, b, c) }), nil, x, y)
}

func (u *unit) subInt(x Register, y any) VecVirtual { return u.three(VPSUBD, VPSUBD_BCST, x, y) }

func (u *unit) shiftLeft(x Register, by int) VecVirtual {
	v := u.new()
	VPSLLD(Imm(uint64(by)), x, v)
	return v
}

func (u *unit) shiftRight(x Register, by int) VecVirtual { // keeps the sign
	v := u.new()
	VPSRAD(Imm(uint64(by)), x, v)
	return v
}

func (u *unit) floatOfInt(x Register) VecVirtual {
	v := u.new()
	VCVTDQ2PS(x, v)
	return v
}

// Predicates of compare. They are false for NaN, but the last two.
const (
	equal      = 0
	less       = 1
	greater    = 14
	unordered  = 3
	belowOrNaN = 9
)

// compare is a condition for where: a vector, or a mask register.
func (u *unit) compare(predicate int, x Register, y any) Register {
	i := Imm(uint64(predicate))
	var c Register = YMM()
	if u.wide {
		c = K()
	}
	u.emit(func(ops ...Op) { VCMPPS(append([]Op{i}, ops...)...) }, func(ops ...Op) { VCMPPS_BCST(append([]Op{i}, ops...)...) }, y, x, c)
	return c
}

// negative is the condition that the sign bit is set.
func (u *unit) negative(x Register) Register {
	if !u.wide {
		return x
	}
	k := K()
	VPMOVD2M(x, k)
	return k
}

// where is yes in lanes where a condition holds, else no.
func (u *unit) where(condition Register, yes any, no Register) VecVirtual {
	v := u.new()
	if u.wide {
		u.emit(VBLENDMPS, VBLENDMPS_BCST, yes, no, condition, v)
		return v
	}
	if w, ok := yes.(word); ok {
		VBLENDVPS(condition, u.table.address(w), no, v)
	} else {
		VBLENDVPS(condition, yes.(Register), no, v)
	}
	return v
}

// zeroWhere is 0 in lanes where a condition of compare holds, else x.
func (u *unit) zeroWhere(condition, x Register) VecVirtual {
	if u.wide {
		return u.where(condition, u.zero(), x)
	}
	v := u.new()
	VANDNPS(x, condition, v)
	return v
}
