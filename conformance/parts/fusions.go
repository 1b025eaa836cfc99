package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gocompile/gocompile/passes"
)

// fusions is what the optimiser of onnxruntime makes of a model: operators by name, those outside of ai.onnx with their domain.
type fusions struct {
	Failed        string
	Before, After map[string]int
}

// askOnnxruntime fills in theirs.
func askOnnxruntime(python []string, zoo string, rows []row) error {
	c := exec.Command(python[0], append(python[1:], "conformance/fusions.py")...)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	pipe, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	out := bufio.NewReader(pipe)
	for i := range rows {
		if _, err := fmt.Fprintln(in, filepath.Join(zoo, rows[i].name, "model.onnx")); err != nil {
			return err
		}
		line, err := out.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("%s: no answer from %v: %w", rows[i].name, python, err)
		}
		if err := json.Unmarshal(line, &rows[i].theirs); err != nil {
			return fmt.Errorf("%s: %q: %w", rows[i].name, line, err)
		}
	}
	in.Close()
	io.Copy(io.Discard, out)
	return c.Wait()
}

// nodes counts the operators that are left; constants are none.
func (f fusions) nodes() int {
	n := 0
	for op, k := range f.After {
		if op != "Constant" {
			n += k
		}
	}
	return n
}

// fused counts the operators that the optimiser made: those of its own domains, and standard ones of which there are more than before. What stood in
// the model already is not counted.
func (f fusions) fused() (all int, byKind map[string]int) {
	byKind = map[string]int{}
	for op, after := range f.After {
		made := after - f.Before[op]
		name := op[strings.LastIndex(op, ".")+1:]
		kind := kindOf(name)
		if made <= 0 || kind == "" && name == op {
			continue
		}
		all += made
		byKind[kind] += made
	}
	return all, byKind
}

// kindOf is what an operator of onnxruntime is a part of; "" for others.
func kindOf(name string) string {
	for _, k := range []struct{ part, kind string }{
		{"Attention", passes.KindAttention},
		{"LayerNorm", passes.KindNorm}, {"RMSNorm", passes.KindNorm}, {"GroupNorm", passes.KindNorm},
		{"RotaryEmbedding", passes.KindRotary},
		{"Gelu", passes.KindActivation}, {"Silu", passes.KindActivation}, {"Swish", passes.KindActivation},
		{"LSTM", passes.KindRecurrent}, {"GRU", passes.KindRecurrent},
	} {
		if strings.Contains(name, k.part) {
			return k.kind
		}
	}
	return ""
}
