package x86

import (
	"fmt"
	"strings"
)

// Inst is an instruction: an operation and its operands, the destination first.
type Inst struct {
	Op   Op
	Args []Operand
}

// String is the instruction in Intel's syntax, as disassemblers print it.
func (i Inst) String() string {
	args := make([]string, len(i.Args))
	for k, a := range i.Args {
		switch a.(type) {
		case Mem, Pool:
			args[k] = map[uint8]string{8: "QWORD", 16: "XMMWORD", 32: "YMMWORD"}[table[i.Op].size] + " PTR " + a.String()
		default:
			args[k] = a.String()
		}
	}
	return strings.TrimSpace(i.Op.String() + " " + strings.Join(args, ","))
}

// fields are the operands in their places.
type fields struct {
	reg, vvvv uint8
	rm        Operand
	long      bool   // vectors of 256 bits
	tail      []byte // after the memory operand: numbers within the instruction
}

// number is the register's number.
func number(o Operand) uint8 {
	switch o := o.(type) {
	case Y:
		return uint8(o)
	case X:
		return uint8(o)
	case General:
		return uint8(o)
	}
	panic(fmt.Sprintf("BUG: x86: %v is no register", o))
}

// place sorts the operands of a vector instruction.
func (i Inst) place() fields {
	f, t, a := fields{}, &table[i.Op], i.Args
	for _, o := range a {
		if _, y := o.(Y); y {
			f.long = true
		}
	}
	switch t.form {
	case rvm:
		f.reg, f.vvvv, f.rm, a = number(a[0]), number(a[1]), a[2], a[3:]
	case rm:
		f.reg, f.rm, a = number(a[0]), a[1], a[2:]
	case mr:
		f.rm, f.reg, a = a[0], number(a[1]), a[2:]
	case mvr:
		f.rm, f.vvvv, f.reg, a = a[0], number(a[1]), number(a[2]), a[3:]
	case vm:
		f.reg, f.vvvv, f.rm, a = t.ext, number(a[0]), a[1], a[2:]
	}
	for _, o := range a {
		switch o := o.(type) {
		case Imm:
			f.tail = append(f.tail, byte(o))
		case Y:
			f.tail = append(f.tail, byte(o)<<4)
		default:
			panic(fmt.Sprintf("BUG: x86: %v is one operand too many", o))
		}
	}
	return f
}
