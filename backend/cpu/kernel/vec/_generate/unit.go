package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// A unit writes instructions on vectors of one width. Its methods are functions of vectors: each result is a new register, but where
// it is said otherwise. An operand of type any is a register or a formula.Word, a constant that every lane has.
type unit struct {
	wide   bool // AVX-512 rather than AVX2
	lanes  int
	name   string // the level, a suffix of function names
	table  *table
	masks  Mem    // AVX2: eight set and eight clear words
	prefix string // of the labels of a loop
}

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

// Hold is a register of a constant or of a copy of another register.
func (u *unit) Hold(x any) Register {
	v := u.new()
	switch x := x.(type) {
	case formula.Word:
		VBROADCASTSS(u.table.address(x), v)
	case Register:
		VMOVAPS(x, v)
	default:
		panic(fmt.Sprintf("operand %v", x))
	}
	return v
}

// param is a register of a float32 parameter in every lane.
func (u *unit) param(name string) Register {
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
	case formula.Word:
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
func (u *unit) three(plain, broadcast instruction, x Register, y any) Register {
	v := u.new()
	u.emit(plain, broadcast, y, x, v)
	return v
}

// two is fixed as instruction.
func two(i func(a, b, c Op)) instruction { return func(ops ...Op) { i(ops[0], ops[1], ops[2]) } }

func (u *unit) Add(x Register, y any) Register { return u.three(VADDPS, VADDPS_BCST, x, y) }
func (u *unit) Sub(x Register, y any) Register { return u.three(VSUBPS, VSUBPS_BCST, x, y) }
func (u *unit) Mul(x Register, y any) Register { return u.three(VMULPS, VMULPS_BCST, x, y) }
func (u *unit) Div(x Register, y any) Register { return u.three(VDIVPS, VDIVPS_BCST, x, y) }

// Least is the smaller of limit and x, and NaN if x is.
func (u *unit) Least(x, limit Register) Register { return u.three(VMINPS, VMINPS_BCST, limit, x) }

// Most is the larger of limit and x, and NaN if x is.
func (u *unit) Most(x, limit Register) Register { return u.three(VMAXPS, VMAXPS_BCST, limit, x) }

func (u *unit) And(x Register, y any) Register { return u.three(VANDPS, VANDPS_BCST, x, y) }
func (u *unit) Or(x Register, y any) Register  { return u.three(VORPS, VORPS_BCST, x, y) }
func (u *unit) Xor(x Register, y any) Register { return u.three(VXORPS, VXORPS_BCST, x, y) }

// Zero is a register of zeros.
func (u *unit) Zero() Register {
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

// MulAdd changes sum to sum·x + y.
func (u *unit) MulAdd(sum, x Register, y any) { u.emit(VFMADD213PS, VFMADD213PS_BCST, y, x, sum) }

// AddMul changes sum to sum + x·y.
func (u *unit) AddMul(sum, x Register, y any) { u.emit(VFMADD231PS, VFMADD231PS_BCST, y, x, sum) }

// SubMul changes sum to sum - x·y.
func (u *unit) SubMul(sum, x Register, y any) { u.emit(VFNMADD231PS, VFNMADD231PS_BCST, y, x, sum) }

// MulSub changes sum to sum·x - y.
func (u *unit) MulSub(sum, x Register, y any) { u.emit(VFMSUB213PS, VFMSUB213PS_BCST, y, x, sum) }

// Sqrt is √x.
func (u *unit) Sqrt(x Register) Register {
	v := u.new()
	VSQRTPS(x, v)
	return v
}

// Round rounds to an integer.
func (u *unit) Round(x Register, m formula.Mode) Register {
	v := u.new()
	if u.wide {
		VRNDSCALEPS(Imm(uint64(m)), x, v)
	} else {
		VROUNDPS(Imm(uint64(m)), x, v)
	}
	return v
}

// Scale is v·2ⁿ.
func (u *unit) Scale(v, n, shifted Register) Register {
	if !u.wide {
		return formula.Scale(u, v, shifted)
	}
	y := u.new()
	VSCALEFPS(n, v, y)
	return y
}

// Arithmetic on lanes of 32-bit integers.

func (u *unit) AddInt(x Register, y any) Register {
	if u.wide {
		return u.three(VPADDD, VPADDD_BCST, x, y)
	}
	return u.three(two(func(a, b, c Op) { VPADDD(a, b, c) }), nil, x, y)
}

func (u *unit) SubInt(x Register, y any) Register { return u.three(VPSUBD, VPSUBD_BCST, x, y) }

func (u *unit) ShiftLeft(x Register, by int) Register {
	v := u.new()
	VPSLLD(Imm(uint64(by)), x, v)
	return v
}

func (u *unit) ShiftRight(x Register, by int) Register { // keeps the sign
	v := u.new()
	VPSRAD(Imm(uint64(by)), x, v)
	return v
}

func (u *unit) FloatOfInt(x Register) Register {
	v := u.new()
	VCVTDQ2PS(x, v)
	return v
}

// Compare is a condition for where: a vector, or a mask register.
func (u *unit) Compare(predicate formula.Predicate, x Register, y any) Register {
	i := Imm(uint64(predicate))
	var c Register = YMM()
	if u.wide {
		c = K()
	}
	u.emit(func(ops ...Op) { VCMPPS(append([]Op{i}, ops...)...) }, func(ops ...Op) { VCMPPS_BCST(append([]Op{i}, ops...)...) }, y, x, c)
	return c
}

// Negative is the condition that the sign bit is set.
func (u *unit) Negative(x Register) Register {
	if !u.wide {
		return x
	}
	k := K()
	VPMOVD2M(x, k)
	return k
}

// Where is yes in lanes where a condition holds, else no.
func (u *unit) Where(condition Register, yes any, no Register) Register {
	v := u.new()
	if u.wide {
		u.emit(VBLENDMPS, VBLENDMPS_BCST, yes, no, condition, v)
		return v
	}
	if w, ok := yes.(formula.Word); ok {
		VBLENDVPS(condition, u.table.address(w), no, v)
	} else {
		VBLENDVPS(condition, yes.(Register), no, v)
	}
	return v
}

// ZeroWhere is 0 in lanes where a condition of compare holds, else x.
func (u *unit) ZeroWhere(condition, x Register) Register {
	if u.wide {
		return u.Where(condition, u.Zero(), x)
	}
	v := u.new()
	VANDNPS(x, condition, v)
	return v
}
