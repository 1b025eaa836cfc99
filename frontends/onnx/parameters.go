package onnx

import (
	"math"
	"path"
	"strings"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// Parameter is a tensor of a model file that was learned, or a table of positions.
type Parameter struct {
	Name  string // in the file
	Path  string // where it belongs, outermost part first, separated by dots: encoder.layer.0.attention.query.weight
	Elem  tensor.DType
	Shape []int
	Count int64 // elements
	// Table says that the contents are sines and cosines of the row number, computed and not learned.
	Table bool
}

// Parameters lists the initialisers and constants of a model, those of bodies too, that hold numbers as weights do: floating-point or
// integers of at most 8 bits. Single numbers that are constants or have no name of their own, which exporters make of numbers in code,
// are left out.
//
// Exporters rename weights that they transpose or fold ("onnx::MatMul_2884", "val_427"). The path of such a one comes from the name of
// the node that reads it, or else from a parameter that kept its name and enters the same node or the next one, as the bias of a linear
// layer does, or else it is the block of the parameter that was read last before. Where nothing tells, the path begins with Unnamed.
func Parameters(m *proto.Model) []Parameter {
	var list []Parameter
	var walk func(g *proto.Graph)
	walk = func(g *proto.Graph) {
		s := newSurroundings(g)
		for _, n := range g.Nodes {
			for _, a := range n.Attributes {
				if a.T != nil && n.OpType == "Constant" && len(n.Outputs) == 1 && len(a.T.Dims) > 0 {
					t := *a.T
					t.Name = n.Outputs[0]
					if p, ok := parameter(m, &t, s); ok && p.Count > 1 {
						list = append(list, p)
					}
				}
				if a.G != nil {
					walk(a.G)
				}
				for _, b := range a.Graphs {
					walk(b)
				}
			}
		}
		for _, t := range g.Initializers {
			if p, ok := parameter(m, t, s); ok {
				list = append(list, p)
			}
		}
	}
	if m.Graph != nil {
		walk(m.Graph)
	}
	return list
}

// Unnamed begins the path of a parameter that no name tells the place of.
const Unnamed = "(unnamed)"

// surroundings finds the module that a renamed weight belongs to.
type surroundings struct {
	reader map[string]*proto.Node // first node that reads a value
	named  map[string]bool        // initialisers that kept their names
	before map[*proto.Node]string // path of the named initialiser that was read last before a node
}

func newSurroundings(g *proto.Graph) *surroundings {
	s := &surroundings{reader: map[string]*proto.Node{}, named: map[string]bool{}, before: map[*proto.Node]string{}}
	for _, t := range g.Initializers {
		s.named[t.Name] = !generated(t.Name)
	}
	last := ""
	for _, n := range g.Nodes {
		s.before[n] = last
		for _, in := range n.Inputs {
			if s.reader[in] == nil {
				s.reader[in] = n
			}
			if s.named[in] {
				last = dotted(in)
			}
		}
	}
	return s
}

// passesOn lists the operators that may stand between a weight and the bias of the same layer.
var passesOn = map[string]bool{"Transpose": true, "Cast": true, "DequantizeLinear": true, "MatMul": true, "MatMulInteger": true, "Mul": true}

// module is the path of the module that a value belongs to, Unnamed if nothing tells.
func (s *surroundings) module(name string) string {
	n := s.reader[name]
	block := Unnamed
	if n != nil {
		if b := parent(parent(s.before[n])); b != "" {
			block = b
		}
	}
	for range 8 {
		if n == nil {
			break
		}
		if strings.Contains(n.Name, "/") {
			return dotted(path.Dir(n.Name))
		}
		for _, in := range n.Inputs {
			if s.named[in] {
				return parent(dotted(in))
			}
		}
		if !passesOn[n.OpType] || len(n.Outputs) == 0 {
			break
		}
		n = s.reader[n.Outputs[0]]
	}
	return block
}

// parent is a path without its last part.
func parent(p string) string { return p[:max(strings.LastIndexByte(p, '.'), 0)] }

func parameter(m *proto.Model, t *proto.Tensor, s *surroundings) (Parameter, bool) {
	d := tensor.DType(t.DataType)
	if t.DataType < 0 || t.DataType > 255 || !d.Valid() || d == tensor.String || d == tensor.Bool || !d.IsFloat() && d.Bits() > 8 {
		return Parameter{}, false
	}
	p := Parameter{Name: t.Name, Path: dotted(t.Name), Elem: d}
	for _, n := range t.Dims {
		p.Shape = append(p.Shape, int(n))
	}
	n, err := tensor.NumElements(p.Shape)
	if err != nil {
		return p, false
	}
	p.Count = int64(n)
	if generated(t.Name) {
		if n <= 1 {
			return p, false
		}
		p.Path = strings.TrimPrefix(s.module(t.Name)+"."+t.Name, ".")
	}
	p.Table = isPositionTable(m, t, p.Shape)
	return p, true
}

// generated reports whether a name was made up by an exporter.
func generated(name string) bool {
	return strings.HasPrefix(name, "onnx::") || !strings.ContainsAny(name, "./")
}

// dotted turns a path with slashes into one with dots: "/enc.0/att/q" is enc.0.att.q.
func dotted(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '.' }), ".")
}

const (
	tableRows = 64   // that isPositionTable looks at
	tableTol  = 1e-3 // by which a number may differ from its sine or cosine
)

// isPositionTable reports whether every column of a table, [rows, columns] after leading ones, is sin(w·row) or cos(w·row) for a w of its
// own.
func isPositionTable(m *proto.Model, t *proto.Tensor, shape []int) bool {
	for len(shape) > 2 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) != 2 || shape[0] < 8 || shape[1] < 2 || tensor.DType(t.DataType) != tensor.Float32 {
		return false
	}
	x, err := m.Tensor(t)
	if err != nil {
		return false
	}
	rows, columns := min(shape[0], tableRows), shape[1]
	data, turns := tensor.Data[float32](x), false
	for c := range columns {
		first, second := float64(data[c]), float64(data[columns+c])
		f, w := math.Sin, math.Asin(second)
		if first == 1 {
			f, w = math.Cos, math.Acos(second)
		} else if first != 0 {
			return false
		}
		turns = turns || w > 0.01
		for r := 2; r < rows; r++ {
			if !(math.Abs(float64(data[r*columns+c])-f(w*float64(r))) <= tableTol) {
				return false
			}
		}
	}
	return turns
}
