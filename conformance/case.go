package conformance

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// Tolerance is how far a value may lie from the expected one: |got − want| ≤ Abs + Rel·|want|.
type Tolerance struct {
	Rel float64 `json:"rtol"`
	Abs float64 `json:"atol"`
}

// DefaultTolerance is that of the ONNX backend test runner.
var DefaultTolerance = Tolerance{Rel: 1e-3, Abs: 1e-7}

// Case is a model with one or more recorded runs.
type Case struct {
	Group     string // node, simple, light, pytorch-converted, …
	Name      string // test_…
	Model     []byte // a ModelProto
	Sets      []Set
	Tolerance Tolerance
}

// Set is one recorded run: serialised values in the order of the model's inputs and outputs.
type Set struct {
	Inputs  [][]byte
	Outputs [][]byte
}

// ID is group/name.
func (c *Case) ID() string { return c.Group + "/" + c.Name }

// Values are decoded inputs or expected outputs with the names that the model gives them.
type Values struct {
	Names []string
	Items []tensor.Value
}

// Map is the values by name.
func (v Values) Map() map[string]tensor.Value {
	m := make(map[string]tensor.Value, len(v.Names))
	for i, name := range v.Names {
		m[name] = v.Items[i]
	}
	return m
}

// Decode returns the inputs and expected outputs of a set.
func (c *Case) Decode(m *proto.Model, set int) (in, out Values, err error) {
	s := c.Sets[set]
	if in, err = decodeAll(s.Inputs, fed(m, len(s.Inputs)), "input"); err != nil {
		return in, out, fmt.Errorf("%s: %w", c.ID(), err)
	}
	if out, err = decodeAll(s.Outputs, m.Graph.Outputs, "output"); err != nil {
		return in, out, fmt.Errorf("%s: %w", c.ID(), err)
	}
	return in, out, nil
}

// fed lists the inputs that recorded values are for: those that are no initialisers, or simply the first n where that does not
// give n of them.
func fed(m *proto.Model, n int) []*proto.ValueInfo {
	initial := map[string]bool{}
	for _, t := range m.Graph.Initializers {
		initial[t.Name] = true
	}
	for _, t := range m.Graph.SparseInitializers {
		if t.Values != nil {
			initial[t.Values.Name] = true
		}
	}
	var real []*proto.ValueInfo
	for _, in := range m.Graph.Inputs {
		if !initial[in.Name] {
			real = append(real, in)
		}
	}
	if len(real) == n {
		return real
	}
	return m.Graph.Inputs
}

func decodeAll(files [][]byte, infos []*proto.ValueInfo, what string) (Values, error) {
	if len(files) > len(infos) {
		return Values{}, fmt.Errorf("%d recorded %ss for a model with %d", len(files), what, len(infos))
	}
	var v Values
	for i, b := range files {
		_, x, err := proto.DecodeValue(b, infos[i].Type)
		if err != nil {
			return Values{}, fmt.Errorf("%s %d: %w", what, i, err)
		}
		v.Names, v.Items = append(v.Names, infos[i].Name), append(v.Items, asDeclared(x, infos[i].Type))
	}
	return v, nil
}

// asDeclared reads the patterns of bfloat16, which releases of ONNX up to 1.18 recorded as u16, as what the model declares them to be.
func asDeclared(x tensor.Value, declared *proto.Type) tensor.Value {
	t, ok := x.(*tensor.Tensor)
	if !ok || t == nil || declared == nil || t.DType() != tensor.Uint16 || declared.Elem != int32(tensor.BFloat16) {
		return x
	}
	return tensor.View(tensor.BFloat16, t.Shape(), t.Bytes())
}

// ReadCase reads the folder of one case; its group is the name of the folder above.
func ReadCase(dir string) (*Case, error) {
	dir = filepath.Clean(dir)
	c := newCase(filepath.Base(filepath.Dir(dir)), filepath.Base(dir))
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		return c.add(filepath.ToSlash(rel), func() ([]byte, error) { return os.ReadFile(p) })
	})
	if err != nil {
		return nil, err
	}
	return c, c.check()
}

// ReadDir reads all cases DIR/group/test_x in alphabetical order.
func ReadDir(dir string) ([]*Case, error) {
	models, err := filepath.Glob(filepath.Join(dir, "*", "test_*", "model.onnx"))
	if err != nil {
		return nil, err
	}
	sort.Strings(models)
	var cases []*Case
	for _, m := range models {
		c, err := ReadCase(filepath.Dir(m))
		if err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// ReadArchives reads all archives DIR/*.tar.zst.
func ReadArchives(dir string) ([]*Case, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.tar.zst"))
	if err != nil {
		return nil, err
	}
	var all []*Case
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		cases, err := ReadArchive(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, cases...)
	}
	return all, nil
}

// ReadArchive reads a tar archive, compressed by zstd, of the files that ReadDir reads.
func ReadArchive(r io.Reader) ([]*Case, error) {
	z, err := zstd.NewReader(r)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var found collector
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("archive entry %q is no file", h.Name)
		}
		if err := found.add(h.Name, func() ([]byte, error) { return io.ReadAll(t) }); err != nil {
			return nil, err
		}
	}
	return found.sorted()
}

// collector gathers the files of an archive into cases.
type collector struct {
	byID  map[string]*Case
	cases []*Case
}

// add takes the file group/case/file.
func (l *collector) add(name string, read func() ([]byte, error)) error {
	parts := strings.SplitN(name, "/", 3)
	if len(parts) != 3 {
		return fmt.Errorf("archive entry %q is not group/case/file", name)
	}
	id := parts[0] + "/" + parts[1]
	c := l.byID[id]
	if c == nil {
		if l.byID == nil {
			l.byID = map[string]*Case{}
		}
		c = newCase(parts[0], parts[1])
		l.byID[id], l.cases = c, append(l.cases, c)
	}
	return c.add(parts[2], read)
}

// sorted returns the cases in alphabetical order, if all are complete.
func (l *collector) sorted() ([]*Case, error) {
	for _, c := range l.cases {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	sort.Slice(l.cases, func(i, j int) bool { return l.cases[i].ID() < l.cases[j].ID() })
	return l.cases, nil
}

func newCase(group, name string) *Case {
	return &Case{Group: group, Name: name, Tolerance: DefaultTolerance}
}

// add takes one file of the case; files of other names are left alone.
func (c *Case) add(name string, read func() ([]byte, error)) error {
	var set, i int
	switch base := path.Base(name); {
	case name == "model.onnx":
		b, err := read()
		c.Model = b
		return err
	case name == "data.json":
		b, err := read()
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &c.Tolerance)
	case scan(path.Dir(name), "test_data_set_%d", &set) && scan(base, "input_%d.pb", &i):
		return put(&c.set(set).Inputs, i, read)
	case scan(path.Dir(name), "test_data_set_%d", &set) && scan(base, "output_%d.pb", &i):
		return put(&c.set(set).Outputs, i, read)
	}
	return nil
}

// maxIndex bounds the numbers in the names of files.
const maxIndex = 10000

func scan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil && *n >= 0 && *n < maxIndex && fmt.Sprintf(format, *n) == s
}

func (c *Case) set(i int) *Set {
	for len(c.Sets) <= i {
		c.Sets = append(c.Sets, Set{})
	}
	return &c.Sets[i]
}

func put(list *[][]byte, i int, read func() ([]byte, error)) error {
	for len(*list) <= i {
		*list = append(*list, nil)
	}
	b, err := read()
	if b == nil {
		b = []byte{}
	}
	(*list)[i] = b
	return err
}

// check reports gaps in the numbering of files.
func (c *Case) check() error {
	if c.Model == nil {
		return fmt.Errorf("%s: no model.onnx", c.ID())
	}
	for i, s := range c.Sets {
		for _, list := range [][][]byte{s.Inputs, s.Outputs} {
			for j, b := range list {
				if b == nil {
					return fmt.Errorf("%s: file %d of data set %d is missing", c.ID(), j, i)
				}
			}
		}
	}
	return nil
}
