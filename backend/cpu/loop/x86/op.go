package x86

// Op is an operation. Vectors have eight lanes, but where the operands are X.
type Op uint8

// The operations. Their operands are in the order of the manual: the destination first.
const (
	VMOVUPS Op = iota // Y, memory
	VMOVAPS           // Y, Y
	VSTORE            // vmovups: memory, Y
	VADDPS            // Y, Y, Y or memory, as the next ones
	VSUBPS
	VMULPS
	VDIVPS
	VMINPS
	VMAXPS
	VANDPS
	VANDNPS
	VORPS
	VXORPS
	VPADDD
	VPSUBD
	VPCMPGTD
	VFMADD213PS
	VFMADD231PS
	VFNMADD231PS
	VFMSUB213PS
	VSQRTPS      // Y, Y or memory
	VCVTDQ2PS    // Y, Y or memory
	VPMOVZXBD    // Y, memory of 8 bytes
	VCMPPS       // Y, Y, Y or memory, Imm: the predicate
	VROUNDPS     // Y, Y or memory, Imm: the mode
	VBLENDVPS    // Y, Y where the mask is clear, Y or memory where it is set, Y: the mask
	VPSLLD       // Y, Y, Imm
	VPSRAD       // Y, Y, Imm
	VMASKMOVPS   // Y, Y: the mask, memory
	VMASKSTORE   // vmaskmovps: memory, Y: the mask, Y
	VEXTRACTI128 // X, Y, Imm: the half
	VPACKSSDW    // X, X, X or memory
	VPACKSSWB    // X, X, X or memory
	VPABSB       // X, X or memory
	VMOVQ        // memory of 8 bytes, X
	VZEROUPPER
	MOV // General, memory
	XOR // General, General
	ADD // General, Imm
	SUB // General, Imm
	CMP // General, General
	TEST
	JL // Label: signed, as the next ones
	JLE
	JG
	JGE
	JE
	RET
	ops
)

// form is how an operation encodes its operands.
type form uint8

const (
	plain   form = iota // bytes alone
	rvm                 // reg, vvvv, rm
	rm                  // reg, rm
	mr                  // rm, reg
	mvr                 // rm, vvvv, reg
	vm                  // vvvv, rm, with an extension of the opcode as reg
	general             // REX.W, with reg or an extension
	jump
)

// info is a row of the table of operations.
type info struct {
	name   string
	form   form
	prefix uint8 // pp: 0 none, 1 is 66
	escape uint8 // mmmmm: 1 is 0F, 2 is 0F38, 3 is 0F3A
	code   uint8
	ext    uint8
	size   uint8 // bytes of memory; the vector's length follows from the registers
}

var table = [ops]info{
	VMOVUPS:      {"vmovups", rm, 0, 1, 0x10, 0, 32},
	VMOVAPS:      {"vmovaps", rm, 0, 1, 0x28, 0, 32},
	VSTORE:       {"vmovups", mr, 0, 1, 0x11, 0, 32},
	VADDPS:       {"vaddps", rvm, 0, 1, 0x58, 0, 32},
	VSUBPS:       {"vsubps", rvm, 0, 1, 0x5c, 0, 32},
	VMULPS:       {"vmulps", rvm, 0, 1, 0x59, 0, 32},
	VDIVPS:       {"vdivps", rvm, 0, 1, 0x5e, 0, 32},
	VMINPS:       {"vminps", rvm, 0, 1, 0x5d, 0, 32},
	VMAXPS:       {"vmaxps", rvm, 0, 1, 0x5f, 0, 32},
	VANDPS:       {"vandps", rvm, 0, 1, 0x54, 0, 32},
	VANDNPS:      {"vandnps", rvm, 0, 1, 0x55, 0, 32},
	VORPS:        {"vorps", rvm, 0, 1, 0x56, 0, 32},
	VXORPS:       {"vxorps", rvm, 0, 1, 0x57, 0, 32},
	VPADDD:       {"vpaddd", rvm, 1, 1, 0xfe, 0, 32},
	VPSUBD:       {"vpsubd", rvm, 1, 1, 0xfa, 0, 32},
	VPCMPGTD:     {"vpcmpgtd", rvm, 1, 1, 0x66, 0, 32},
	VFMADD213PS:  {"vfmadd213ps", rvm, 1, 2, 0xa8, 0, 32},
	VFMADD231PS:  {"vfmadd231ps", rvm, 1, 2, 0xb8, 0, 32},
	VFNMADD231PS: {"vfnmadd231ps", rvm, 1, 2, 0xbc, 0, 32},
	VFMSUB213PS:  {"vfmsub213ps", rvm, 1, 2, 0xaa, 0, 32},
	VSQRTPS:      {"vsqrtps", rm, 0, 1, 0x51, 0, 32},
	VCVTDQ2PS:    {"vcvtdq2ps", rm, 0, 1, 0x5b, 0, 32},
	VPMOVZXBD:    {"vpmovzxbd", rm, 1, 2, 0x31, 0, 8},
	VCMPPS:       {"vcmpps", rvm, 0, 1, 0xc2, 0, 32},
	VROUNDPS:     {"vroundps", rm, 1, 3, 0x08, 0, 32},
	VBLENDVPS:    {"vblendvps", rvm, 1, 3, 0x4a, 0, 32},
	VPSLLD:       {"vpslld", vm, 1, 1, 0x72, 6, 32},
	VPSRAD:       {"vpsrad", vm, 1, 1, 0x72, 4, 32},
	VMASKMOVPS:   {"vmaskmovps", rvm, 1, 2, 0x2c, 0, 32},
	VMASKSTORE:   {"vmaskmovps", mvr, 1, 2, 0x2e, 0, 32},
	VEXTRACTI128: {"vextracti128", mr, 1, 3, 0x39, 0, 16},
	VPACKSSDW:    {"vpackssdw", rvm, 1, 1, 0x6b, 0, 16},
	VPACKSSWB:    {"vpacksswb", rvm, 1, 1, 0x63, 0, 16},
	VPABSB:       {"vpabsb", rm, 1, 2, 0x1c, 0, 16},
	VMOVQ:        {"vmovq", mr, 1, 1, 0xd6, 0, 8},
	VZEROUPPER:   {name: "vzeroupper", form: plain},
	MOV:          {"mov", general, 0, 0, 0x8b, 0, 8},
	XOR:          {"xor", general, 0, 0, 0x33, 0, 8},
	ADD:          {"add", general, 0, 0, 0x81, 0, 8},
	SUB:          {"sub", general, 0, 0, 0x81, 5, 8},
	CMP:          {"cmp", general, 0, 0, 0x3b, 0, 8},
	TEST:         {"test", general, 0, 0, 0x85, 0, 8},
	JL:           {name: "jl", form: jump, code: 0x8c},
	JLE:          {name: "jle", form: jump, code: 0x8e},
	JG:           {name: "jg", form: jump, code: 0x8f},
	JGE:          {name: "jge", form: jump, code: 0x8d},
	JE:           {name: "je", form: jump, code: 0x84},
	RET:          {name: "ret", form: plain},
}

func (op Op) String() string { return table[op].name }
