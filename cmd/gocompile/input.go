package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
	"github.com/gocompile/gocompile/tensor/npy"
)

// inputFlags say where inputs come from.
func inputFlags() []cli.Flag {
	return append(dimFlags(),
		&cli.StringSliceFlag{Name: "input", Aliases: []string{"i"}, Usage: "an input as `NAME=VALUE`, where VALUE is JSON such as [[1, 2]] or a file (.npy, .npz, .pb, .json, - for JSON on standard input); " +
			"or several at once: a .npz, a .json with an object, or a folder of input_0.pb, input_1.pb, …"},
		&cli.Int64Flag{Name: "seed", Value: 1, Usage: "seed of the inputs that are not given, which are made up"},
	)
}

// inputsOf reads the inputs that flags name, and makes up the others.
func inputsOf(c *cli.Command, m *gocompile.Model, dims map[string]int) (map[string]tensor.Value, error) {
	if err := checkDims(m, dims, c.Bool("fix")); err != nil {
		return nil, err
	}
	if c.Bool("fix") {
		dims = nil // they are constants of the model now
	}
	r := &inputReader{model: m, stdin: c.Root().Reader, values: map[string]tensor.Value{}}
	for _, flag := range c.StringSlice("input") {
		if err := r.read(flag); err != nil {
			return nil, usageError{fmt.Errorf("--input %s: %w", clip(flag, 60), err)}
		}
	}
	var missing *gocompile.MissingDimsError
	if err := inputs.Generate(m, dims, c.Int64("seed"), r.values); errors.As(err, &missing) {
		return nil, err
	} else if err != nil {
		return nil, usageError{fmt.Errorf("%w; inputs are given as --input NAME=FILE", err)}
	}
	return r.values, nil
}

// inputReader collects the values of inputs by name.
type inputReader struct {
	model  *gocompile.Model
	stdin  io.Reader
	values map[string]tensor.Value
}

// read takes one flag.
func (r *inputReader) read(flag string) error {
	if name, value, ok := strings.Cut(flag, "="); ok {
		if p, ok := r.port(name); ok {
			x, err := r.value(p, value)
			if err != nil {
				return err
			}
			return r.set(p.Name, x)
		}
		if _, err := os.Stat(flag); err != nil {
			return r.unknown(name)
		}
	}
	return r.several(flag)
}

func (r *inputReader) port(name string) (gocompile.Port, bool) {
	for _, p := range r.model.Inputs() {
		if p.Name == name {
			return p, true
		}
	}
	return gocompile.Port{}, false
}

func (r *inputReader) unknown(name string) error {
	var known []string
	for _, p := range r.model.Inputs() {
		known = append(known, p.String())
	}
	return fmt.Errorf("the model has no input %q; it takes %s", name, strings.Join(known, ", "))
}

func (r *inputReader) set(name string, x tensor.Value) error {
	p, ok := r.port(name)
	if !ok {
		return r.unknown(name)
	}
	if r.values[name] != nil {
		return fmt.Errorf("input %q is given twice", name)
	}
	if err := ir.BindValue(p.Type, x, r.model.Graph().Scope.NewBinding()); err != nil {
		return fmt.Errorf("input %q: %w", name, err)
	}
	r.values[name] = x
	return nil
}

// value reads one input: JSON, or a file.
func (r *inputReader) value(p gocompile.Port, s string) (tensor.Value, error) {
	switch ext := strings.ToLower(filepath.Ext(s)); {
	case s == "-":
		b, err := io.ReadAll(r.stdin)
		if err != nil {
			return nil, err
		}
		return fromJSON(b, p.Type)
	case looksLikeJSON(s):
		return fromJSON([]byte(s), p.Type)
	case ext == ".npy":
		return orNil(npy.ReadFile(s))
	case ext == ".npz":
		arrays, names, err := npy.ReadArchive(s)
		if err != nil {
			return nil, err
		}
		if x, ok := arrays[p.Name]; ok {
			return x, nil
		}
		if len(names) == 1 {
			return arrays[names[0]], nil
		}
		return nil, fmt.Errorf("%s has no array %q; it has %s", s, p.Name, strings.Join(names, ", "))
	case ext == ".pb":
		_, x, err := readProto(s, p.Type)
		return x, err
	case ext == ".json":
		b, err := os.ReadFile(s)
		if err != nil {
			return nil, err
		}
		return fromJSON(b, p.Type)
	}
	return nil, errors.New("expected JSON, or a file that ends in .npy, .npz, .pb or .json")
}

// several reads a file or folder with several inputs.
func (r *inputReader) several(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("expected NAME=VALUE, or a .npz, .json or folder with inputs: %w", err)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case info.IsDir():
		return r.folder(path)
	case ext == ".npz":
		arrays, names, err := npy.ReadArchive(path)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := r.set(name, arrays[name]); err != nil {
				return err
			}
		}
		return nil
	case ext == ".json":
		return r.object(path)
	}
	return errors.New("expected NAME=VALUE, or a file .npz or .json or a folder with several inputs")
}

// folder reads input_0.pb, input_1.pb, … for the inputs in their order, or by the names inside where all have one.
func (r *inputReader) folder(dir string) error {
	ports := r.model.Inputs()
	values, err := readRecorded(dir, "input", ports)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return fmt.Errorf("%s holds no input_0.pb", dir)
	}
	for _, p := range ports {
		if x := values[p.Name]; x != nil {
			if err := r.set(p.Name, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRecorded reads the files KIND_0.pb, KIND_1.pb, … of a folder. They belong to ports in order; a file whose own name is that of
// another port belongs to that one.
func readRecorded(dir, kind string, ports []gocompile.Port) (map[string]tensor.Value, error) {
	values := map[string]tensor.Value{}
	for i := 0; ; i++ {
		file := filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i))
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return values, nil
		}
		if i >= len(ports) {
			return nil, fmt.Errorf("%s: the model has %d %ss only", file, len(ports), kind)
		}
		p := ports[i]
		name, x, err := readProto(file, p.Type)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(ports, func(p gocompile.Port) bool { return p.Name == name }) {
			p.Name = name
		}
		if values[p.Name] != nil {
			return nil, fmt.Errorf("%s: %s %q has a value already", file, kind, p.Name)
		}
		values[p.Name] = x
	}
}

// readProto reads a TensorProto, or what else a value of type t is stored as.
func readProto(file string, t ir.Type) (string, tensor.Value, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	kinds := map[ir.Kind]proto.TypeKind{ir.KindTensor: proto.TypeTensor, ir.KindSequence: proto.TypeSequence,
		ir.KindOptional: proto.TypeOptional, ir.KindMap: proto.TypeMap}
	name, x, err := proto.DecodeValue(b, &proto.Type{Kind: kinds[t.Kind]})
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	return name, x, nil
}

// orNil keeps a nil tensor from becoming a value.
func orNil(t *tensor.Tensor, err error) (tensor.Value, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// clip shortens a text for messages.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
