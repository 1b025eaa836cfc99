// Package gocompile compiles ONNX models and runs them in process: no cgo, no shared library, no toolkit.
//
//	model, err := gocompile.Load("model.onnx")
//	…
//	defer model.Close()
//	session := model.NewSession()
//	out, err := session.Run(ctx, map[string]tensor.Value{"x": tensor.Must([]float32{1, 2, 3}, 1, 3)})
//
// A [Model] is compiled once and read-only; any number of sessions share its weights. A [Session] owns the memory of
// intermediate values and runs one call at a time: make one for each goroutine.
package gocompile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"
	"sync"

	"github.com/gocompile/gocompile/artefact"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// Model is a compiled model. It is safe for concurrent use.
type Model struct {
	info     Info
	graph    *ir.Graph
	imported map[string]int // operators before the passes
	program  backend.Program
	variants *variants
	file     *proto.File
	stored   *artefact.File // where the model comes from if it was compiled before
	config   config
	closing  sync.Once
	passes   passes.Options
	memory   int64
	steppers steppers
	rounded  []passes.Weight
}

// Info is what a model file says of itself.
type Info struct {
	Producer        string
	ProducerVersion string
	Domain          string
	Version         int64
	IRVersion       int64
	Opsets          map[string]int64 // by domain; "" is ai.onnx
	Doc             string
	Metadata        map[string]string
	Nodes           int // of the main graph in the file
}

// Port is an input or output of a model.
type Port struct {
	Name string
	Type ir.Type // for outputs: what is known before a run
}

// String is the name and type, such as "input_ids: i64[batch, seq]".
func (p Port) String() string { return p.Name + ": " + p.Type.String() }

// Load compiles a model file. Weights, also those in external data files beside it, are mapped and not copied, so the files must
// not change before [Model.Close].
//
// A file that [Model.WriteFile] wrote is ready to run: passes and packing are done.
func Load(path string, options ...Option) (*Model, error) {
	if isCompiled(path) {
		f, err := artefact.Open(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return loadCompiled(f, path, options)
	}
	f, err := proto.Open(path)
	if err != nil {
		return nil, err
	}
	return finish(f, path, options)
}

// LoadFS compiles a model from a file system, such as an embed.FS.
func LoadFS(fsys fs.FS, name string, options ...Option) (*Model, error) {
	if b, err := fs.ReadFile(fsys, name); err == nil && artefact.Is(b) {
		return Compile(b, options...)
	}
	f, err := proto.OpenFS(fsys, name)
	if err != nil {
		return nil, err
	}
	return finish(f, name, options)
}

// Compile compiles a model from the bytes of its file, which must not change afterwards. It cannot have external data.
func Compile(model []byte, options ...Option) (*Model, error) {
	if artefact.Is(model) {
		f, err := artefact.Decode(model)
		if err != nil {
			return nil, err
		}
		return loadCompiled(f, "model", options)
	}
	m, err := proto.Decode(model)
	if err != nil {
		return nil, err
	}
	return finish(&proto.File{Model: m}, "model", options)
}

func finish(f *proto.File, name string, options []Option) (*Model, error) {
	m, err := compile(f, options)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

func compile(f *proto.File, options []Option) (*Model, error) {
	c := newConfig(options)
	if _, err := backend.Choose(c.backend, backends()); err != nil {
		return nil, err
	}
	g, err := onnx.Import(f.Model)
	if err != nil {
		return nil, err
	}
	if err := bindDims(g, c.dims); err != nil {
		return nil, err
	}
	m := &Model{file: f, imported: g.CountOps(), config: *c, passes: c.passes, memory: c.memory}
	m.info = Info{Producer: f.ProducerName, ProducerVersion: f.ProducerVersion, Domain: f.Domain, Version: f.ModelVersion, IRVersion: f.IRVersion,
		Opsets: map[string]int64{}, Doc: f.DocString, Metadata: g.Metadata, Nodes: len(f.Graph.Nodes)}
	for _, o := range f.OpsetImports {
		m.info.Opsets[o.Domain] = o.Version
	}
	if _, err := passes.Optimize(g, c.passes); err != nil {
		return nil, err
	}
	if o := c.rounded; o != nil {
		rounding := *o
		rounding.Release = f.Release
		if m.rounded, err = passes.QuantizeWeights(g, rounding); err != nil {
			return nil, err
		}
	}
	m.graph = g
	return m, m.lower(c, backend.Options{Release: f.Release})
}

// lower makes the program of the model's graph.
func (m *Model) lower(c *config, o backend.Options) error {
	target, err := backend.Choose(c.backend, backends())
	if err != nil {
		return err
	}
	o.Threads, o.MemoryLimit, o.Weights = c.threads, c.memory, c.weights
	if m.program, err = target.Compile(m.graph, o); err != nil {
		return err
	}
	m.variants = newVariants(m.graph, m.program, c.passes)
	return nil
}

// isCompiled reports whether a file begins as a compiled model does.
func isCompiled(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [8]byte
	n, _ := io.ReadFull(f, b[:])
	return artefact.Is(b[:n])
}

// bindDims makes named dimensions constants.
func bindDims(g *ir.Graph, dims map[string]int) error {
	for _, name := range sortedKeys(dims) {
		if err := bindDim(g, name, int64(dims[name])); err != nil {
			return err
		}
	}
	return nil
}

// bindDim makes a named dimension a constant.
func bindDim(g *ir.Graph, name string, n int64) error {
	y, err := findDim(g, name, n)
	if err != nil {
		return err
	}
	return g.Substitute(map[*sym.Symbol]int64{y: n})
}

// Close gives the mapped files and the threads of the model back. Neither its sessions nor results that a session is still
// computing may be used afterwards; results that were returned stay valid.
func (m *Model) Close() error {
	var err error
	m.closing.Do(func() {
		err = errors.Join(m.steppers.close(), m.variants.close(), m.program.Close(), m.file.Close(), m.stored.Close())
	})
	return err
}

// Info returns what the model file says of itself.
func (m *Model) Info() Info { return m.info }

// Inputs lists what a run takes, in the model's order.
func (m *Model) Inputs() []Port {
	var ports []Port
	for _, v := range m.graph.Inputs() {
		ports = append(ports, Port{v.Name, v.Type})
	}
	return ports
}

// Outputs lists what a run gives, in the model's order.
func (m *Model) Outputs() []Port {
	var ports []Port
	for _, o := range m.graph.Outputs() {
		ports = append(ports, Port{o.Name, o.Value.Type})
	}
	return ports
}

// Graph is the optimised graph, to be looked at and not changed.
func (m *Model) Graph() *ir.Graph {
	m.program.Fill()
	return m.graph
}

// RoundedWeights tells what [WithIntegerWeights] made of each matrix; there are none without that.
func (m *Model) RoundedWeights() []passes.Weight { return m.rounded }

// ImportedOps counts the operators, by name, before the passes; Graph().CountOps() counts those after them.
func (m *Model) ImportedOps() map[string]int { return m.imported }

// Session runs a model, one call at a time; calls from several goroutines wait for each other.
type Session struct {
	model *Model
	mu    sync.Mutex
	runner
	in []tensor.Value
}

// NewSession makes a session. It is cheap: memory is allocated at the first run, and kept for the next ones.
func (m *Model) NewSession(options ...SessionOption) *Session {
	var c backend.SessionOptions
	for _, o := range options {
		o(&c)
	}
	return &Session{model: m, runner: newRunner(m.program, m.variants, c), in: make([]tensor.Value, len(m.graph.Inputs()))}
}

// Run computes all outputs from the inputs, both by name. Every input that [Model.Inputs] lists is needed; they are only read. The
// outputs are new tensors that belong to the caller. A run that is cancelled by ctx ends before its next step.
func (s *Session) Run(ctx context.Context, inputs map[string]tensor.Value) (map[string]tensor.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.model.graph
	for i, v := range g.Inputs() {
		x, ok := inputs[v.Name]
		if !ok || x == nil {
			return nil, fmt.Errorf("input %q is missing; the model takes %s", v.Name, portList(s.model.Inputs()))
		}
		s.in[i] = x
	}
	if len(inputs) != len(s.in) {
		for name := range inputs {
			if !hasPort(s.model.Inputs(), name) {
				return nil, fmt.Errorf("the model has no input %q; it takes %s", name, portList(s.model.Inputs()))
			}
		}
	}
	results, err := s.runOrdered(ctx, s.in)
	clear(s.in)
	if err != nil {
		return nil, err
	}
	out := make(map[string]tensor.Value, len(results))
	for i, o := range g.Outputs() {
		out[o.Name] = results[i]
	}
	return out, nil
}

// RunOrdered is Run with inputs and outputs in the model's order.
func (s *Session) RunOrdered(ctx context.Context, inputs []tensor.Value) ([]tensor.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runOrdered(ctx, inputs)
}

func (s *Session) runOrdered(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	return s.pick(in).Run(ctx, in)
}

// ArenaBytes is the memory that the session holds for intermediate values.
func (s *Session) ArenaBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arenaBytes()
}

func hasPort(ports []Port, name string) bool {
	for _, p := range ports {
		if p.Name == name {
			return true
		}
	}
	return false
}

func portList(ports []Port) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
