package proto

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Decode reads a ModelProto. The result refers to b, which must not change while it is in use. External data cannot be read:
// use [Open] or [OpenFS] for models that have any.
func Decode(b []byte) (*Model, error) {
	m := &Model{}
	d := &decoder{message: "ModelProto", buf: b}
	m.decode(d)
	if d.err != nil {
		return nil, fmt.Errorf("not a valid ONNX model: %w", d.err)
	}
	if m.Graph == nil {
		return nil, fmt.Errorf("not a valid ONNX model: no graph among its %d bytes", len(b))
	}
	return m, nil
}

func (m *Model) decode(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			m.IRVersion = d.int64()
		case 2:
			m.ProducerName = d.text()
		case 3:
			m.ProducerVersion = d.text()
		case 4:
			m.Domain = d.text()
		case 5:
			m.ModelVersion = d.int64()
		case 6:
			m.DocString = d.text()
		case 7:
			m.Graph = &Graph{}
			d.nested("GraphProto", m.Graph.decode)
		case 8:
			m.OpsetImports = append(m.OpsetImports, decodeOpset(d))
		case 14:
			m.Metadata = append(m.Metadata, decodePair(d))
		case 20:
			m.TrainingInfo++
			d.skip()
		case 25:
			f := &Function{}
			d.nested("FunctionProto", f.decode)
			m.Functions = append(m.Functions, f)
		default:
			d.skip()
		}
	}
}

func decodeOpset(d *decoder) (o OperatorSet) {
	d.nested("OperatorSetIdProto", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1:
				o.Domain = d.text()
			case 2:
				o.Version = d.int64()
			default:
				d.skip()
			}
		}
	})
	return o
}

func decodePair(d *decoder) (p StringPair) {
	d.nested("StringStringEntryProto", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1:
				p.Key = d.text()
			case 2:
				p.Value = d.text()
			default:
				d.skip()
			}
		}
	})
	return p
}

func (g *Graph) decode(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			n := &Node{}
			d.nested("NodeProto", n.decode)
			g.Nodes = append(g.Nodes, n)
		case 2:
			g.Name = d.text()
		case 5:
			g.Initializers = append(g.Initializers, decodeTensor(d))
		case 10:
			g.DocString = d.text()
		case 11:
			g.Inputs = append(g.Inputs, decodeValueInfo(d))
		case 12:
			g.Outputs = append(g.Outputs, decodeValueInfo(d))
		case 13:
			g.ValueInfo = append(g.ValueInfo, decodeValueInfo(d))
		case 15:
			g.SparseInitializers = append(g.SparseInitializers, decodeSparse(d))
		case 16:
			g.Metadata = append(g.Metadata, decodePair(d))
		default:
			d.skip()
		}
	}
}

func (n *Node) decode(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			n.Inputs = append(n.Inputs, d.text())
		case 2:
			n.Outputs = append(n.Outputs, d.text())
		case 3:
			n.Name = d.text()
		case 4:
			n.OpType = d.text()
		case 5:
			n.Attributes = append(n.Attributes, decodeAttribute(d))
		case 6:
			n.DocString = d.text()
		case 7:
			n.Domain = d.text()
		case 8:
			n.Overload = d.text()
		case 9:
			n.Metadata = append(n.Metadata, decodePair(d))
		default:
			d.skip()
		}
	}
}

func decodeAttribute(d *decoder) *Attribute {
	a := &Attribute{}
	d.nested("AttributeProto", a.decode)
	return a
}

func (a *Attribute) decode(d *decoder) {
	kind := AttrUndefined // of files older than IR version 2, which have no type field
	for d.next() {
		switch d.num {
		case 1:
			a.Name = d.text()
		case 2:
			a.F, kind = d.float(), AttrFloat
		case 3:
			a.I, kind = d.int64(), AttrInt
		case 4:
			a.S, kind = d.bytes(), AttrString
		case 5:
			a.T, kind = decodeTensor(d), AttrTensor
		case 6:
			a.G, kind = &Graph{}, AttrGraph
			d.nested("GraphProto", a.G.decode)
		case 7:
			a.Floats, kind = repeated(d, a.Floats, protowire.Fixed32Type, readFloat), AttrFloats
		case 8:
			a.Ints, kind = repeated(d, a.Ints, protowire.VarintType, readInt64), AttrInts
		case 9:
			a.Strings, kind = append(a.Strings, d.bytes()), AttrStrings
		case 10:
			a.Tensors, kind = append(a.Tensors, decodeTensor(d)), AttrTensors
		case 11:
			g := &Graph{}
			d.nested("GraphProto", g.decode)
			a.Graphs, kind = append(a.Graphs, g), AttrGraphs
		case 13:
			a.DocString = d.text()
		case 14:
			a.TP, kind = decodeType(d), AttrType
		case 15:
			a.Types, kind = append(a.Types, decodeType(d)), AttrTypes
		case 20:
			a.Type = AttributeType(d.int32())
		case 21:
			a.RefAttrName = d.text()
		case 22:
			a.SparseTensor, kind = decodeSparse(d), AttrSparseTensor
		case 23:
			a.SparseTensors, kind = append(a.SparseTensors, decodeSparse(d)), AttrSparseTensors
		default:
			d.skip()
		}
	}
	if a.Type == AttrUndefined {
		a.Type = kind
	}
}

func decodeTensor(d *decoder) *Tensor {
	t := &Tensor{}
	d.nested("TensorProto", t.decode)
	return t
}

func (t *Tensor) decode(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			t.Dims = repeated(d, t.Dims, protowire.VarintType, readInt64)
		case 2:
			t.DataType = d.int32()
		case 3:
			t.HasSegment = true
			d.skip()
		case 4:
			t.Floats = repeated(d, t.Floats, protowire.Fixed32Type, readFloat)
		case 5:
			t.Int32s = repeated(d, t.Int32s, protowire.VarintType, readInt32)
		case 6:
			t.Strings = append(t.Strings, d.bytes())
		case 7:
			t.Int64s = repeated(d, t.Int64s, protowire.VarintType, readInt64)
		case 8:
			t.Name = d.text()
		case 9:
			t.Raw, t.HasRaw = d.bytes(), true
		case 10:
			t.Doubles = repeated(d, t.Doubles, protowire.Fixed64Type, readDouble)
		case 11:
			t.Uint64s = repeated(d, t.Uint64s, protowire.VarintType, protowire.ConsumeVarint)
		case 12:
			t.DocString = d.text()
		case 13:
			t.External = append(t.External, decodePair(d))
		case 14:
			t.IsExternal = d.int32() == 1
		case 16:
			t.Metadata = append(t.Metadata, decodePair(d))
		default:
			d.skip()
		}
	}
}

func decodeSparse(d *decoder) *SparseTensor {
	s := &SparseTensor{}
	d.nested("SparseTensorProto", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1:
				s.Values = decodeTensor(d)
			case 2:
				s.Indices = decodeTensor(d)
			case 3:
				s.Dims = repeated(d, s.Dims, protowire.VarintType, readInt64)
			default:
				d.skip()
			}
		}
	})
	return s
}

func decodeValueInfo(d *decoder) *ValueInfo {
	v := &ValueInfo{}
	d.nested("ValueInfoProto", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1:
				v.Name = d.text()
			case 2:
				v.Type = decodeType(d)
			case 3:
				v.DocString = d.text()
			case 4:
				v.Metadata = append(v.Metadata, decodePair(d))
			default:
				d.skip()
			}
		}
	})
	return v
}

func decodeType(d *decoder) *Type {
	t := &Type{}
	d.nested("TypeProto", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1, 8:
				t.Kind = TypeTensor
				if d.num == 8 {
					t.Kind = TypeSparseTensor
				}
				d.nested("TypeProto.Tensor", t.decodeTensor)
			case 4, 9:
				t.Kind = TypeSequence
				if d.num == 9 {
					t.Kind = TypeOptional
				}
				d.nested("TypeProto.Sequence", func(d *decoder) { t.decodeItem(d, 1) })
			case 5:
				t.Kind = TypeMap
				d.nested("TypeProto.Map", func(d *decoder) { t.decodeItem(d, 2) })
			case 7:
				t.Kind = TypeOpaque
				d.skip()
			default:
				d.skip()
			}
		}
	})
	return t
}

func (t *Type) decodeItem(d *decoder, item protowire.Number) {
	for d.next() {
		switch {
		case d.num == item:
			t.Item = decodeType(d)
		case d.num == 1:
			t.Elem = d.int32()
		default:
			d.skip()
		}
	}
}

func (t *Type) decodeTensor(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			t.Elem = d.int32()
		case 2:
			t.HasShape = true
			d.nested("TensorShapeProto", func(d *decoder) {
				for d.next() {
					if d.num != 1 {
						d.skip()
						continue
					}
					t.Dims = append(t.Dims, decodeDim(d))
				}
			})
		default:
			d.skip()
		}
	}
}

func decodeDim(d *decoder) (dim Dim) {
	d.nested("Dimension", func(d *decoder) {
		for d.next() {
			switch d.num {
			case 1:
				dim.Value, dim.HasValue = d.int64(), true
			case 2:
				dim.Param = d.text()
			default:
				d.skip()
			}
		}
	})
	return dim
}

func (f *Function) decode(d *decoder) {
	for d.next() {
		switch d.num {
		case 1:
			f.Name = d.text()
		case 4:
			f.Inputs = append(f.Inputs, d.text())
		case 5:
			f.Outputs = append(f.Outputs, d.text())
		case 6:
			f.Attributes = append(f.Attributes, d.text())
		case 7:
			n := &Node{}
			d.nested("NodeProto", n.decode)
			f.Nodes = append(f.Nodes, n)
		case 8:
			f.DocString = d.text()
		case 9:
			f.OpsetImports = append(f.OpsetImports, decodeOpset(d))
		case 10:
			f.Domain = d.text()
		case 11:
			f.AttributeProtos = append(f.AttributeProtos, decodeAttribute(d))
		case 12:
			f.ValueInfo = append(f.ValueInfo, decodeValueInfo(d))
		case 13:
			f.Overload = d.text()
		case 14:
			f.Metadata = append(f.Metadata, decodePair(d))
		default:
			d.skip()
		}
	}
}
