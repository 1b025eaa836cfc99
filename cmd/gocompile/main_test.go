package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
	"github.com/gocompile/gocompile/tensor/npy"
)

var update = flag.Bool("update", false, "write what the command prints to testdata")

// TestMain lets the test binary stand for the command, so that tests see what a shell sees.
func TestMain(m *testing.M) {
	if os.Getenv("GOCOMPILE_TEST_COMMAND") != "" {
		main()
	}
	os.Exit(m.Run())
}

// shell runs the command as a process of its own in the current folder.
func shell(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), "GOCOMPILE_TEST_COMMAND=1")
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err = c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// inFolder makes a folder with models the current one, and returns the folder of golden files.
//
//	tiny.onnx       y = Relu(embed[ids] · w + b) with open dimensions batch and seq
//	right, wrong    folders for verify
//	broken.onnx     no model
//	odd.onnx        a model with an operator that does not exist
func inFolder(t *testing.T) (golden string) {
	t.Helper()
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	model := tiny().Encode()
	write(t, "tiny.onnx", model)
	write(t, "broken.onnx", model[:len(model)/2])
	odd := tiny()
	odd.Graph.Nodes[2].OpType = "Sparkle"
	write(t, "odd.onnx", odd.Encode())
	ids := tensor.Must([]int64{0, 1, 2}, 1, 3)
	y := tensor.Must([]float32{0, 0.5, 0, 4, 2.5, 0, 10, 4.5, 0}, 1, 3, 3)
	for _, dir := range []string{"right", "wrong"} {
		set := filepath.Join(dir, "test_data_set_0")
		if err := os.MkdirAll(set, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "model.onnx"), model)
		write(t, filepath.Join(set, "input_0.pb"), proto.EncodeValue("ids", ids))
		if dir == "wrong" {
			y = y.Clone()
			y.SetFloat64(6, 10.5)
		}
		write(t, filepath.Join(set, "output_0.pb"), proto.EncodeValue("y", y))
	}
	return golden
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func tiny() *proto.Model {
	float := func(dims ...proto.Dim) *proto.Type {
		return &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true, Dims: dims}
	}
	batch, seq := proto.Dim{Param: "batch"}, proto.Dim{Param: "seq"}
	ids := float(batch, seq)
	ids.Elem = int32(tensor.Int64)
	return &proto.Model{
		IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 20}}, ProducerName: "hand", ProducerVersion: "1", DocString: "A small model.",
		Metadata: []proto.StringPair{{Key: "author", Value: "nobody"}},
		Graph: &proto.Graph{
			Name: "tiny",
			Nodes: []*proto.Node{
				{Name: "/embed/Gather", OpType: "Gather", Inputs: []string{"embed.weight", "ids"}, Outputs: []string{"e"}},
				{Name: "/layers.0/MatMul", OpType: "MatMul", Inputs: []string{"e", "onnx::MatMul_7"}, Outputs: []string{"m"}},
				{Name: "/layers.0/Add", OpType: "Add", Inputs: []string{"m", "layers.0.bias"}, Outputs: []string{"a"}},
				{Name: "/Relu", OpType: "Relu", Inputs: []string{"a"}, Outputs: []string{"y"}},
			},
			Initializers: []*proto.Tensor{
				proto.FromTensor("embed.weight", tensor.Must([]float32{0, 0, 2, 1, 4, 2, 6, 3}, 4, 2)),
				proto.FromTensor("onnx::MatMul_7", tensor.Must([]float32{2, 1, -1, 2, 0, 0}, 2, 3)),
				proto.FromTensor("layers.0.bias", tensor.Must([]float32{-2, 0.5, 0}, 3)),
			},
			Inputs:  []*proto.ValueInfo{{Name: "ids", Type: ids}},
			Outputs: []*proto.ValueInfo{{Name: "y", Type: float(batch, seq, proto.Dim{Value: 3, HasValue: true})}},
		},
	}
}

// TestOutput compares what commands print with golden files.
func TestOutput(t *testing.T) {
	golden := inFolder(t)
	write(t, "ids.json", []byte(`{"ids": [[3, 0]]}`))
	for _, c := range []struct {
		name string
		code int
		args string
	}{
		{"run", 0, "run tiny.onnx --quiet --input ids=[[0,1,2],[3,3,3]]"},
		{"run_json", 0, "run tiny.onnx --quiet --json --input ids.json"},
		{"run_made_up", 0, "run tiny.onnx --quiet --dim batch=2,seq=4 --seed 5"},
		{"run_fixed", 0, "run tiny.onnx --quiet --dim batch=2 --dim seq=4 --seed 5 --fix"},
		{"run_missing_dims", 2, "run tiny.onnx"},
		{"inspect", 0, "inspect tiny.onnx --passes=-all"},
		{"inspect_json", 0, "inspect tiny.onnx --passes=-all --json"},
		{"inspect_text", 0, "inspect tiny.onnx --passes=-all --text"},
		{"inspect_shapes", 0, "inspect tiny.onnx --shapes"},
		{"inspect_shapes_dims", 0, "inspect tiny.onnx --shapes --dim batch=32,seq=2048 --filter layers"},
		{"verify_right", 0, "verify right"},
		{"verify_wrong", 3, "verify right wrong"},
		{"verify_json", 3, "verify wrong --json"},
		{"unsupported", 1, "inspect odd.onnx"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, code := shell(t, "", strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit status %d, expected %d; %s", code, c.code, stderr)
			}
			got := "$ gocompile " + c.args + "\n" + stdout
			if stderr != "" {
				got += "-- standard error --\n" + stderr
			}
			file := filepath.Join(golden, c.name+".golden")
			if *update {
				write(t, file, []byte(got))
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nexpected\n%s", got, want)
			}
		})
	}
}

// TestExitStatus checks the statuses that the package comment promises, and that nothing but results goes to standard output.
func TestExitStatus(t *testing.T) {
	inFolder(t)
	for _, c := range []struct {
		args   string
		code   int
		stderr string // a part of it
	}{
		{"run tiny.onnx --input ids=[[1]]", 0, "compiled in"},
		{"run nowhere.onnx", 1, "nowhere.onnx"},
		{"run broken.onnx", 1, "not a valid ONNX model"},
		{"run odd.onnx", 1, "Sparkle"},
		{"run tiny.onnx --backend cuda", 1, "no CUDA back end in this build"},
		{"run tiny.onnx --memory 1B --dim batch=1,seq=2", 1, "limit"},
		{"run tiny.onnx --input ids=[[9]]", 1, "/embed/Gather"},
		{"run tiny.onnx --input ids=[[1]] -o nowhere/y.npz", 1, "nowhere"},
		{"run", 2, "takes one MODEL"},
		{"run tiny.onnx tiny.onnx", 2, "takes one MODEL"},
		{"fly tiny.onnx", 2, `no command "fly"`},
		{"run --fast tiny.onnx", 2, "-fast"},
		{"run tiny.onnx --dim batch", 2, "expected NAME=N"},
		{"run tiny.onnx --dim batch=-1", 2, "no size"},
		{"run tiny.onnx --dim width=3", 2, `no dimension "width"; it has batch, seq`},
		{"run tiny.onnx --dim batch=3", 2, "--dim seq=N"},
		{"run tiny.onnx --input ids=[1]", 2, "rank 1 instead of 2"},
		{"run tiny.onnx --input ids=[[1],[2,3]]", 2, "lists differ in length"},
		{"run tiny.onnx --input ids=[[0.5]]", 2, "0.5 is no element of type i64"},
		{"run tiny.onnx --input idz=[[1]]", 2, `no input "idz"; it takes ids: i64[batch, seq]`},
		{"run tiny.onnx --input ids=nowhere.npy", 2, "nowhere.npy"},
		{"run tiny.onnx --input ids=[[1]] --input ids=[[1]]", 2, "given twice"},
		{"run tiny.onnx --input ids=[[1]] --dim seq=4", 2, "seq"},
		{"run tiny.onnx --input ids=[[1]] -o y.txt", 2, "ends in .npz"},
		{"inspect tiny.onnx --passes=-magic", 2, `"-magic" does not disable a pass`},
		{"inspect tiny.onnx --filter (", 2, "--filter"},
		{"bench tiny.onnx --runs 0 --dim batch=1,seq=1", 2, "must be positive"},
		{"verify", 2, "takes folders"},
		{"verify nowhere", 1, "nowhere"},
		{"verify wrong", 3, "results differ"},
		{"verify wrong --tolerance 0.1", 0, ""},
	} {
		t.Run(c.args, func(t *testing.T) {
			stdout, stderr, code := shell(t, "", strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit status %d, expected %d", code, c.code)
			}
			if !strings.Contains(stderr, c.stderr) {
				t.Errorf("standard error is %q, expected it to contain %q", stderr, c.stderr)
			}
			if (code == exitFailure || code == exitUsage) && stdout != "" {
				t.Errorf("standard output is %q", stdout)
			}
			if strings.Contains(stdout+stderr, "\x1b") {
				t.Errorf("colours without a terminal: %q", stdout+stderr)
			}
		})
	}
}

// TestInputForms gives the same input in every form that the command reads.
func TestInputForms(t *testing.T) {
	inFolder(t)
	ids := tensor.Must([]int64{1, 2}, 1, 2)
	for name, err := range map[string]error{
		"ids.npy":   npy.WriteFile("ids.npy", ids),
		"in.npz":    npy.WriteArchive("in.npz", map[string]*tensor.Tensor{"ids": ids}),
		"other.npz": npy.WriteArchive("other.npz", map[string]*tensor.Tensor{"anything": ids}),
		"set":       os.Mkdir("set", 0o755),
	} {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	write(t, "ids.pb", proto.EncodeValue("", ids))
	write(t, "set/input_0.pb", proto.EncodeValue("", ids))
	write(t, "ids.json", []byte("[[1, 2]]"))
	write(t, "in.json", []byte(`{"ids": [[1, 2]]}`))
	for _, form := range []string{"ids=[[1,2]]", "ids=ids.npy", "ids=in.npz", "ids=other.npz", "ids=ids.pb", "ids=ids.json", "ids=-", "in.npz", "in.json", "set"} {
		stdout, stderr, code := shell(t, "[[1, 2]]", "run", "tiny.onnx", "--json", "-q", "-i", form, "-o", "y.npz")
		if want := `{"outputs":[{"name":"y","type":"f32","shape":[1,2,3],"data":[4,2.5,0,10,4.5,0]}]}` + "\n"; code != 0 || stdout != want {
			t.Errorf("%s: exit status %d, %q, %s", form, code, stdout, stderr)
		}
		arrays, _, err := npy.ReadArchive("y.npz")
		if err != nil || arrays["y"] == nil || !tensor.Equal(arrays["y"], tensor.Must([]float32{4, 2.5, 0, 10, 4.5, 0}, 1, 2, 3)) {
			t.Errorf("%s: y.npz holds %v, %v", form, arrays, err)
		}
		os.Remove("y.npz")
	}
}

// TestMemory checks the sums that do not depend on how values are placed, and bounds of those that do.
func TestMemory(t *testing.T) {
	inFolder(t)
	stdout, stderr, code := shell(t, "", "inspect", "tiny.onnx", "--json", "--dim", "batch=32,seq=100", "--buffers", "1", "--passes", "-linear")
	var d struct{ Memory jsonMemory }
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || code != 0 {
		t.Fatalf("exit status %d, %v, %s", code, err, stderr)
	}
	m, rows := d.Memory, int64(32*100)
	if m.Inputs != rows*8 || m.Outputs != rows*3*4 || m.Weights < 17*4 {
		t.Errorf("got %+v", m)
	}
	if m.Arena > m.Values || m.Arena < m.Values/3 || len(m.Buffers) > 1 {
		t.Errorf("got %+v", m)
	}
	stdout, _, code = shell(t, "", "inspect", "tiny.onnx", "--dim", "batch=32,seq=100", "--passes", "-linear")
	if code != 0 || !strings.Contains(stdout, "intermediate values") || strings.Contains(stdout, "add --dim") {
		t.Errorf("exit status %d, %s", code, stdout)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	if stdout, _, code := shell(t, "", "--version"); code != 0 || !strings.HasPrefix(stdout, "gocompile version ") || !strings.Contains(stdout, "go1.") {
		t.Errorf("--version: exit status %d, %q", code, stdout)
	}
	for _, sh := range []string{"bash", "zsh", "fish", "pwsh"} {
		if stdout, stderr, code := shell(t, "", "completion", sh); code != 0 || !strings.Contains(strings.ToLower(stdout), "complet") {
			t.Errorf("completion %s: exit status %d, %q, %q", sh, code, stdout, stderr)
		}
	}
}
