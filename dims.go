package gocompile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// Dim is a dimension of the inputs that is not known before a run.
type Dim struct {
	Name string
	In   []string // where it stands: "input_ids[1]"; a dimension such as past + 1 counts for past
}

// Dims lists the dimensions that inputs leave open, in the order in which they first appear.
func (m *Model) Dims() []Dim {
	var dims []Dim
	for _, v := range m.graph.Inputs() {
		for axis, e := range v.Type.Dims {
			for _, y := range e.Symbols() {
				i := slices.IndexFunc(dims, func(d Dim) bool { return d.Name == y.Name() })
				if i < 0 {
					i = len(dims)
					dims = append(dims, Dim{Name: y.Name()})
				}
				dims[i].In = append(dims[i].In, fmt.Sprintf("%s[%d]", v.Name, axis))
			}
		}
	}
	return dims
}

// MissingDimsError lists all dimensions that need a value and have none.
type MissingDimsError struct{ Dims []Dim }

// Error names each dimension and where it stands.
func (e *MissingDimsError) Error() string {
	parts := make([]string, len(e.Dims))
	for i, d := range e.Dims {
		parts[i] = fmt.Sprintf("%s (%s)", d.Name, strings.Join(d.In, ", "))
	}
	return "no value for dimensions " + strings.Join(parts, "; ")
}

// Binding turns values of dimensions by name into the form that expressions evaluate with. Names that no dimension has, and values that
// a dimension cannot have, are errors; if all is set, so are dimensions without a value, as a *MissingDimsError.
func (m *Model) Binding(dims map[string]int, all bool) (sym.Binding, error) {
	b := m.graph.Scope.NewBinding()
	for _, name := range sortedKeys(dims) {
		y, err := findDim(m.graph, name, int64(dims[name]))
		if err != nil {
			return nil, err
		}
		b[y.ID()] = int64(dims[name])
	}
	if !all {
		return b, nil
	}
	var missing []Dim
	for _, d := range m.Dims() {
		if y, _ := m.graph.Scope.Lookup(d.Name); b[y.ID()] == sym.Unbound {
			missing = append(missing, d)
		}
	}
	if missing != nil {
		return nil, &MissingDimsError{missing}
	}
	return b, nil
}

// Memory is what a run takes in bytes, by plan and without a run, when the dimensions of the inputs have the given values.
func (m *Model) Memory(dims map[string]int) (*backend.Memory, error) {
	b, err := m.Binding(dims, true)
	if err != nil {
		return nil, err
	}
	return m.program.Memory(b)
}

// Steps lists what a run does, in order, without the steps in bodies of control flow. Steps that need no work for some shapes are among them.
func (m *Model) Steps() []*backend.Step { return m.program.Steps() }

// Parameters lists the learned tensors of the model file; see [onnx.Parameters].
func (m *Model) Parameters() []onnx.Parameter { return onnx.Parameters(m.file.Model) }

// Modules tells which module of the program that was exported a node comes from, by the name of the node; see [onnx.Modules].
func (m *Model) Modules() map[string][]string { return onnx.Modules(m.file.Model) }

// findDim is the symbol of a named dimension that is to be n.
func findDim(g *ir.Graph, name string, n int64) (*sym.Symbol, error) {
	y, ok := g.Scope.Lookup(name)
	if !ok || y.Fresh() {
		var known []string
		for _, s := range g.Scope.Symbols() {
			if !s.Fresh() {
				known = append(known, s.Name())
			}
		}
		slices.Sort(known)
		if known == nil {
			return nil, fmt.Errorf("the model has no dimension %q; all its dimensions are fixed", name)
		}
		return nil, fmt.Errorf("the model has no dimension %q; it has %s", name, strings.Join(known, ", "))
	}
	if n < y.Min() {
		return nil, fmt.Errorf("dimension %q must be at least %d, got %d", name, y.Min(), n)
	}
	return y, nil
}
