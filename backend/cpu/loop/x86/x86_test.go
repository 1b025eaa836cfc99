package x86

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/encodings.txt")

// every lists instructions of all operations with low and high registers, and all kinds of addresses.
func every() []Inst {
	var list []Inst
	memories := []Mem{{Base: RDI}, {Base: RSI, Index: RDX, Scale: 4}, {Base: R12, Disp: 8}, {Base: R13}, {Base: RBP, Index: R13, Scale: 1},
		{Base: R13, Index: R9, Scale: 8, Disp: 96}, {Base: RSP, Disp: -128}, {Base: R8, Index: RBP, Scale: 2, Disp: 128}, {Base: RAX, Disp: 4096}}
	add := func(op Op, args ...Operand) { list = append(list, Inst{op, args}) }
	for op := range ops {
		switch op {
		case VCMPPS, VROUNDPS, VEXTRACTI128, VBLENDVPS, VPSLLD, VPSRAD:
		default:
			switch table[op].form {
			case rvm:
				if table[op].size == 16 {
					add(op, X(1), X(2), X(3))
					add(op, X(9), X(10), X(11))
					add(op, X(0), X(15), memories[1])
					break
				}
				for _, m := range memories {
					add(op, Y(3), Y(12), m)
				}
				if op != VMASKMOVPS {
					add(op, Y(0), Y(1), Y(2))
					add(op, Y(15), Y(1), Y(7))
					add(op, Y(1), Y(15), Y(7))
					add(op, Y(1), Y(7), Y(15))
				}
			case rm:
				switch {
				case table[op].size == 16:
					add(op, X(3), X(12))
					add(op, X(12), memories[2])
				case op == VMOVAPS:
					add(op, Y(3), Y(4))
					add(op, Y(13), Y(14))
				default:
					add(op, Y(3), memories[0])
					add(op, Y(13), memories[5])
					if op == VSQRTPS || op == VCVTDQ2PS {
						add(op, Y(8), Y(15))
					}
				}
			case mr:
				for _, m := range memories {
					if op == VMOVQ {
						add(op, m, X(9))
					} else {
						add(op, m, Y(9))
					}
				}
			case mvr:
				for _, m := range memories {
					add(op, m, Y(1), Y(10))
				}
			case plain:
				add(op)
			}
		}
	}
	for predicate := range 32 {
		add(VCMPPS, Y(1), Y(9), Y(10), Imm(predicate))
	}
	add(VCMPPS, Y(12), Y(2), memories[5], Imm(14))
	for mode := range 4 {
		add(VROUNDPS, Y(9), Y(2), Imm(mode))
	}
	add(VROUNDPS, Y(2), memories[1], Imm(1))
	add(VEXTRACTI128, X(3), Y(12), Imm(1))
	add(VEXTRACTI128, X(13), Y(2), Imm(0))
	add(VBLENDVPS, Y(1), Y(2), Y(3), Y(4))
	add(VBLENDVPS, Y(9), Y(10), Y(11), Y(12))
	add(VBLENDVPS, Y(9), Y(2), memories[5], Y(15))
	for _, op := range []Op{VPSLLD, VPSRAD} {
		add(op, Y(1), Y(2), Imm(23))
		add(op, Y(12), Y(13), Imm(1))
	}
	for _, m := range memories {
		add(MOV, R9, m)
		add(MOV, RCX, m)
	}
	for _, op := range []Op{XOR, CMP, TEST} {
		add(op, RDX, RDX)
		add(op, R9, R9)
	}
	add(CMP, RDX, R12)
	add(CMP, R12, RDX)
	for _, op := range []Op{ADD, SUB} {
		add(op, RDX, Imm(1024))
		add(op, R11, Imm(1<<30))
	}
	return list
}

func encode(i Inst) []byte {
	b := &Buffer{}
	b.Add(i.Op, i.Args...)
	return b.code
}

// TestEncodings compares printed forms and bytes with a table that TestDisassembler proves.
func TestEncodings(t *testing.T) {
	var s strings.Builder
	for _, i := range every() {
		fmt.Fprintf(&s, "%x\t%v\n", encode(i), i)
	}
	file := filepath.Join("testdata", "encodings.txt")
	if *update {
		if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(s.String(), "\n"); !slices.Equal(got, strings.Split(string(want), "\n")) {
		for k, line := range strings.Split(string(want), "\n") {
			if k >= len(got) || got[k] != line {
				t.Fatalf("line %d: want %q", k+1, line)
			}
		}
		t.Fatal("more instructions than in the table")
	}
	used := map[Op]bool{}
	for _, i := range every() {
		used[i.Op] = true
	}
	for op := range ops {
		if !used[op] && table[op].form != jump {
			t.Errorf("%v is not in the table", op)
		}
	}
}

// disassemble runs objdump, and returns a line an instruction: address, text.
func disassemble(t *testing.T, code []byte) (addresses, texts []string) {
	t.Helper()
	objdump, err := exec.LookPath("objdump")
	if err != nil {
		t.Skip("no objdump")
	}
	file := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(file, code, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", file).Output()
	if err != nil {
		t.Skipf("objdump does not know this processor: %v", err)
	}
	for _, line := range strings.Split(string(out), "\n") {
		parts := strings.Split(line, "\t")
		if len(parts) == 3 {
			addresses = append(addresses, "0x"+strings.TrimSuffix(strings.TrimSpace(parts[0]), ":"))
			texts = append(texts, strings.Join(strings.Fields(parts[2]), " "))
		}
	}
	return addresses, texts
}

var (
	predicates = []string{"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord", "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true",
		"eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq", "true_us"}
	compares = regexp.MustCompile(`^vcmp(\w+)ps (.*)$`)
)

// spelled undoes the short names that objdump gives to comparisons, and the distance of 0 that it shows.
func spelled(text string) string {
	text = strings.ReplaceAll(text, "+0x0]", "]")
	if m := compares.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("vcmpps %s,%#x", m[2], slices.Index(predicates, m[1]))
	}
	return text
}

// TestDisassembler compares what is encoded with what a disassembler reads.
func TestDisassembler(t *testing.T) {
	var code []byte
	list := every()
	for _, i := range list {
		code = append(code, encode(i)...)
	}
	_, texts := disassemble(t, code)
	if len(texts) != len(list) {
		t.Errorf("%d instructions, want %d", len(texts), len(list))
	}
	for k, i := range list {
		if k < len(texts) && spelled(texts[k]) != i.String() {
			t.Fatalf("% x reads %q, want %q", encode(i), texts[k], i)
		}
	}
}

// TestDistances checks that labels and vectors of the pool are found, behind instructions with and without numbers.
func TestDistances(t *testing.T) {
	b := &Buffer{}
	top, end := b.NewLabel(), b.NewLabel()
	b.Add(JE, end)
	b.Bind(top)
	b.Add(VADDPS, Y(1), Y(2), b.Word(7))
	b.Add(VADDPS, Y(9), Y(2), b.Word(8))
	b.Add(VCMPPS, Y(9), Y(2), b.Word(9), Imm(1))
	b.Add(VBLENDVPS, Y(9), Y(2), b.Word(7), Y(3))
	for _, op := range []Op{JL, JLE, JG, JGE} {
		b.Add(op, top)
	}
	b.Bind(end)
	b.Add(RET)
	insts := b.insts
	code := b.Finish()
	pool := len(code) - 3*32
	if want := bytes.Repeat([]byte{8, 0, 0, 0}, 8); pool%32 != 0 || !bytes.Equal(code[pool+32:pool+64], want) {
		t.Errorf("the second constant is %s", hex.EncodeToString(code[pool+32:pool+64]))
	}
	addresses, texts := disassemble(t, code)
	for k, i := range insts {
		text := texts[k]
		switch o := i.Args; {
		case len(o) == 0:
		case table[i.Op].form == jump:
			want := addresses[1]
			if i.Op == JE {
				want = addresses[len(insts)-1]
			}
			if text != fmt.Sprintf("%v %s", i.Op, want) {
				t.Errorf("%v reads %q, want address %s", i, text, want)
			}
		default:
			if want := fmt.Sprintf("# %#x", pool+32*int(o[2].(Pool))); !strings.HasSuffix(text, want) {
				t.Errorf("%v reads %q, want %s", i, text, want)
			}
		}
	}
}
