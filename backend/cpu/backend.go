package cpu

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Backend is the back end "cpu", which every machine can use.
func Backend() backend.Backend {
	return backend.Backend{
		Name: "cpu",
		Doc:  "the processor, with AVX2 where it has that",
		Detect: func() error {
			_, err := level.Current()
			return err
		},
		Compile: func(g *ir.Graph, o backend.Options) (backend.Program, error) {
			format, err := formatOf(o.Weights)
			if err != nil {
				return nil, err
			}
			stored, err := restore(o.Packs, o.Hollow)
			if err != nil {
				return nil, err
			}
			c := compiled{}
			if o.Threads > 0 {
				c.own = pool.New(o.Threads)
			}
			if c.Program, err = Compile(g, Options{Pool: c.own, MemoryLimit: o.MemoryLimit, Weights: format, Release: o.Release, States: o.States, packs: stored}); err != nil {
				c.Close()
				return nil, err
			}
			return c, nil
		},
	}
}

func formatOf(t tensor.DType) (gemm.Format, error) {
	switch t {
	case tensor.Invalid, tensor.Float32:
		return gemm.Float32, nil
	case tensor.Float16:
		return gemm.Float16, nil
	case tensor.BFloat16:
		return gemm.BFloat16, nil
	}
	return 0, fmt.Errorf("weights cannot be kept in %v: want %v, %v or %v", t, tensor.Float32, tensor.Float16, tensor.BFloat16)
}

// compiled is a program with the threads of its own.
type compiled struct {
	*Program
	own *pool.Pool // nil: the threads of the process
}

// NewSession implements [backend.Program].
func (c compiled) NewSession(o backend.SessionOptions) backend.Session {
	return c.Program.NewSessionWith(o)
}

// Variant implements [backend.Program].
func (c compiled) Variant(g *ir.Graph, states []backend.State) (backend.Program, error) {
	o := c.Program.options()
	o.States = states
	p, err := Compile(g, o)
	if err != nil {
		return nil, err
	}
	return compiled{Program: p}, nil
}

// Close implements [backend.Program].
func (c compiled) Close() error {
	if c.own != nil {
		c.own.Close()
	}
	return nil
}

// Memory implements [backend.Program].
func (p *Program) Memory(b sym.Binding) (*backend.Memory, error) {
	pl, err := p.plan(b, nil)
	if err != nil {
		return nil, err
	}
	m := &backend.Memory{Arena: int64(pl.arena)}
	for i, s := range p.slots {
		at := pl.slots[i]
		size := int64(at.bytes)
		if s.kind == constant {
			if t, ok := s.konst.(*tensor.Tensor); ok {
				m.Weights += int64(t.DType().ByteLen(t.Len()))
			}
			continue
		}
		if s.kind == dimension || s.kind == kept || !s.value.Used() || at.known && at.root != i {
			continue
		}
		if !at.known {
			m.Late++
		}
		switch {
		case s.kind == input:
			m.Inputs += size
		case at.offset >= 0:
			m.Values += size
			m.Buffers = append(m.Buffers, backend.Buffer{Name: s.value.Name, Elem: s.value.Type.Elem, Shape: at.shape, Bytes: size,
				Offset: int64(at.offset), From: s.first, To: at.last})
		}
	}
	for _, o := range p.outputs {
		m.Outputs += int64(pl.slots[o].bytes)
	}
	slices.SortStableFunc(m.Buffers, func(a, b backend.Buffer) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return m, nil
}
