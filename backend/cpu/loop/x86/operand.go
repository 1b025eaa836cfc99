package x86

import "fmt"

// Operand is a register, memory or a number.
type Operand interface{ String() string }

// Y is one of the sixteen vector registers of 256 bits.
type Y uint8

func (y Y) String() string { return fmt.Sprintf("ymm%d", uint8(y)) }

// X is the lower half of a vector register.
type X uint8

func (x X) String() string { return fmt.Sprintf("xmm%d", uint8(x)) }

// General is a register of 64 bits for addresses and counts.
type General uint8

// The general registers.
const (
	RAX General = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

func (r General) String() string {
	if r < R8 {
		return [...]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"}[r]
	}
	return fmt.Sprintf("r%d", uint8(r))
}

// Imm is a number within an instruction.
type Imm int32

func (i Imm) String() string { return fmt.Sprintf("%#x", uint32(i)) }

// Mem is the memory at Base + Scale·Index + Disp. A Scale of 0 means no index; RSP is no index.
type Mem struct {
	Base, Index General
	Scale       uint8 // 0, 1, 2, 4 or 8
	Disp        int32
}

func (m Mem) String() string {
	s := "[" + m.Base.String()
	if m.Scale != 0 {
		s += fmt.Sprintf("+%v*%d", m.Index, m.Scale)
	}
	switch {
	case m.Disp < 0:
		s += fmt.Sprintf("-%#x", -int64(m.Disp))
	case m.Disp > 0:
		s += fmt.Sprintf("+%#x", m.Disp)
	}
	return s + "]"
}

// Pool is a vector of the buffer's pool, by its number.
type Pool int

func (p Pool) String() string { return fmt.Sprintf("[pool %d]", int(p)) }

// Label is a place in the code of a buffer.
type Label int

func (l Label) String() string { return fmt.Sprintf("label %d", int(l)) }
