package export

import (
	"io"
	"path/filepath"
	"strconv"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/file"
)

const (
	maxInside = 1 << 30 // bytes of weights that a model file holds; protobuf messages end at 2 GB
	alignment = 4096    // of weights in a data file, so that they can be mapped
)

// Write writes a model file. Weights of more than 1 GB together lie in a file beside it, path.data. Each file appears when it is complete.
func Write(path string, m *proto.Model) error { return write(path, m, maxInside) }

func write(path string, m *proto.Model, inside int) error {
	total := 0
	for _, t := range m.Graph.Initializers {
		total += len(t.Raw)
	}
	if total > inside {
		outer := *m
		graph := *m.Graph
		outer.Graph, graph.Initializers = &graph, nil
		name := filepath.Base(path) + ".data"
		err := file.Replace(path+".data", func(w io.Writer) error {
			at := 0
			for _, t := range m.Graph.Initializers {
				if len(t.Raw) >= alignment {
					gap := (alignment - at%alignment) % alignment
					if _, err := w.Write(make([]byte, gap)); err != nil {
						return err
					}
					if _, err := w.Write(t.Raw); err != nil {
						return err
					}
					at += gap
					far := *t
					far.Raw, far.HasRaw, far.IsExternal = nil, false, true
					far.External = []proto.StringPair{{Key: "location", Value: name}, {Key: "offset", Value: strconv.Itoa(at)},
						{Key: "length", Value: strconv.Itoa(len(t.Raw))}}
					at += len(t.Raw)
					t = &far
				}
				graph.Initializers = append(graph.Initializers, t)
			}
			return nil
		})
		if err != nil {
			return err
		}
		m = &outer
	}
	return file.Replace(path, func(w io.Writer) error {
		_, err := m.WriteTo(w)
		return err
	})
}
