//go:build linux

package loop

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// refusing makes this test binary a process that gets no executable memory.
const refusing = "LOOP_TEST_WITHOUT_EXECUTABLE_MEMORY"

// TestRefusedMemory runs a program in a process that may not make memory executable: it is interpreted.
func TestRefusedMemory(t *testing.T) {
	if os.Getenv(refusing) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Skip(err)
		}
		c := exec.Command(self, "-test.run=^TestRefusedMemory$", "-test.v")
		c.Env = append(os.Environ(), refusing+"=1")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if strings.Contains(string(out), "--- SKIP") {
			t.Skipf("%s", out)
		}
		return
	}
	if err := unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); err != nil {
		t.Skipf("this kernel cannot refuse executable memory: %v", err)
	}
	p := flags()
	p.Compile()
	if p.Native() {
		t.Fatal("machine code in memory that cannot be executed")
	}
	dst := make([]bool, 2)
	w := p.Bind([]int{2}, [][]int{{1}, {1}})
	w.Run(&Frame{}, Operand{Bools: dst}, []Operand{{Numbers: []float32{0, 1}}, {Bools: []bool{true, true}}}, 0, 2)
	if dst[0] || !dst[1] {
		t.Errorf("interpreted, got %v", dst)
	}
}

// TestNeverWritableAndExecutable looks at all memory of the process while programs are compiled.
func TestNeverWritableAndExecutable(t *testing.T) {
	p := compiled(t, chain())
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	defer maps.Close()
	executable := 0
	for s := bufio.NewScanner(maps); s.Scan(); {
		switch f := strings.Fields(s.Text()); {
		case len(f) < 2:
		case strings.HasPrefix(f[1], "rwx"):
			t.Errorf("memory is writable and executable: %s", s.Text())
		case strings.HasPrefix(f[1], "r-x") && len(f) == 5:
			executable++
		}
	}
	if executable == 0 && p.Native() {
		t.Error("the code is in no executable memory")
	}
}
