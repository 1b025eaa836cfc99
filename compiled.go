package gocompile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/artefact"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// compiledModel describes a compiled model in its file.
type compiledModel struct {
	Info      Info
	Imported  map[string]int
	Backend   string
	Weights   tensor.DType
	Graph     string // text form; tensors that are kept elsewhere are numbers of constants
	Metadata  map[string]string
	Constants []compiledConstant
	Packs     []compiledPack
}

type compiledConstant struct {
	Type  tensor.DType
	Shape []int
	Blob  int // −1: all of it is in packs
}

type compiledPack struct {
	Constant int
	Form     string
	Blob     int
}

const smallConstant = 64 // elements up to which a constant stands in the text of the graph

// WriteFile writes the compiled model to a file that [Load] reads, most often named .gcx: the graph after the passes, the weights, and their
// copies in the form that kernels of this processor read, which take the place of weights that nothing else reads. Loading maps it and does
// next to nothing else, and processes that load it share its memory. On a processor of another level the copies are made anew. The file is
// of this version of the module and may have to be written again for another one. It replaces a file of that name once it is complete.
func (m *Model) WriteFile(name string) error {
	d := compiledModel{Info: m.info, Imported: m.imported, Backend: m.config.backend, Weights: m.config.weights, Metadata: m.graph.Metadata}
	packs, spare := m.program.Packs()
	inPacks := map[*tensor.Tensor]bool{}
	for _, t := range spare {
		inPacks[t] = true
	}
	var blobs [][]byte
	blob := func(b []byte) int {
		blobs = append(blobs, b)
		return len(blobs) - 1
	}
	numbers := map[*tensor.Tensor]int{}
	place := func(t *tensor.Tensor) (int, bool) {
		if i, ok := numbers[t]; ok {
			return i, true
		}
		if t.Len() <= smallConstant || t.DType() == tensor.String {
			return 0, false
		}
		c := compiledConstant{Type: t.DType(), Shape: t.Shape(), Blob: -1}
		if !inPacks[t] {
			c.Blob = blob(t.Bytes())
		}
		numbers[t] = len(d.Constants)
		d.Constants = append(d.Constants, c)
		return numbers[t], true
	}
	var text strings.Builder
	if err := m.graph.Print(&text, ir.PrintOptions{Names: true, Place: place}); err != nil {
		return err
	}
	d.Graph = text.String()
	packs = slices.DeleteFunc(packs, func(p backend.Pack) bool { // of constants that variants of the program made
		_, ok := numbers[p.Constant]
		return !ok
	})
	slices.SortStableFunc(packs, func(a, b backend.Pack) int { return cmp.Compare(numbers[a.Constant], numbers[b.Constant]) })
	for _, p := range packs {
		d.Packs = append(d.Packs, compiledPack{numbers[p.Constant], p.Form, blob(p.Data)})
	}
	description, err := json.Marshal(&d)
	if err != nil {
		return err
	}
	return file.Replace(name, func(w io.Writer) error { return artefact.Write(w, description, blobs) })
}

// loadCompiled makes a model of a compiled one.
func loadCompiled(f *artefact.File, name string, options []Option) (*Model, error) {
	m, err := ofCompiled(f, options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, errors.Join(err, f.Close()))
	}
	return m, nil
}

func ofCompiled(f *artefact.File, options []Option) (*Model, error) {
	c := newConfig(options)
	var d compiledModel
	if err := json.Unmarshal(f.Description(), &d); err != nil {
		return nil, fmt.Errorf("description of the compiled model: %w", err)
	}
	if c.rounded != nil {
		return nil, fmt.Errorf("the model was compiled already; its weights cannot be rounded to %v", c.rounded.Format)
	}
	if c.weights == tensor.Invalid {
		c.weights = d.Weights
	} else if c.weights != cmp.Or(d.Weights, tensor.Float32) {
		return nil, fmt.Errorf("the model was compiled with weights in %v, not %v", cmp.Or(d.Weights, tensor.Float32), c.weights)
	}
	if c.check {
		if err := f.Check(); err != nil {
			return nil, err
		}
	}
	constants, hollow, err := d.constants(f)
	if err != nil {
		return nil, err
	}
	g, err := ir.ParseWith(d.Graph, func(i int) (*tensor.Tensor, error) {
		if i < 0 || i >= len(constants) {
			return nil, fmt.Errorf("there are %d constants", len(constants))
		}
		return constants[i], nil
	})
	if err != nil {
		return nil, fmt.Errorf("graph of the compiled model: %w", err)
	}
	g.Metadata = d.Metadata
	if err := bindDims(g, c.dims); err != nil {
		return nil, err
	}
	o := backend.Options{Hollow: hollow}
	for i, p := range d.Packs {
		b, err := f.Blob(p.Blob)
		if err != nil || p.Constant < 0 || p.Constant >= len(constants) {
			return nil, errors.Join(fmt.Errorf("pack %d of constant %d of %d", i, p.Constant, len(constants)), err)
		}
		o.Packs = append(o.Packs, backend.Pack{Constant: constants[p.Constant], Form: p.Form, Data: b})
	}
	c.passes = passes.Options{Disable: c.passes.Disable, Limit: c.passes.Limit}
	m := &Model{file: &proto.File{Model: &proto.Model{}}, stored: f, imported: d.Imported, info: d.Info, config: *c, passes: c.passes, memory: c.memory, graph: g}
	return m, m.lower(c, o)
}

// constants are the tensors that the text of the graph has by number, and those of them that are empty so far.
func (d *compiledModel) constants(f *artefact.File) (all, hollow []*tensor.Tensor, err error) {
	for i, c := range d.Constants {
		n, err := tensor.NumElements(c.Shape)
		if err != nil {
			return nil, nil, fmt.Errorf("constant %d: %w", i, err)
		}
		if c.Blob >= 0 {
			b, err := f.Blob(c.Blob)
			if err != nil {
				return nil, nil, fmt.Errorf("constant %d: %w", i, err)
			}
			t, err := tensor.FromBytes(c.Type, c.Shape, b)
			if err != nil {
				return nil, nil, fmt.Errorf("constant %d: %w", i, err)
			}
			all = append(all, t)
			continue
		}
		size := 0 // of the packs, which have no fewer bytes than half of what they are made of
		for _, p := range d.Packs {
			if b, err := f.Blob(p.Blob); err == nil && p.Constant == i {
				size += len(b)
			}
		}
		if c.Type != tensor.Float32 || n > size/2 {
			return nil, nil, fmt.Errorf("constant %d of type %v and shape %v is neither there nor in packs", i, c.Type, c.Shape)
		}
		t := tensor.New(tensor.Float32, c.Shape...)
		all, hollow = append(all, t), append(hollow, t)
	}
	return all, hollow, nil
}
