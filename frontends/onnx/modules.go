package onnx

import (
	"path"
	"regexp"
	"strings"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// Modules tells, by the name of each node, which module of the program that was exported the node comes from, outermost module first: what the
// exporter recorded with the node, or else what stands before the last slash of its name. Nodes of bodies are there too; nodes of which
// nothing is known are not.
func Modules(m *proto.Model) map[string][]string {
	modules := map[string][]string{}
	var walk func(g *proto.Graph)
	walk = func(g *proto.Graph) {
		for _, n := range g.Nodes {
			if p := modulesOf(n); n.Name != "" && p != nil {
				modules[n.Name] = p
			}
			for _, a := range n.Attributes {
				if a.G != nil {
					walk(a.G)
				}
				for _, b := range a.Graphs {
					walk(b)
				}
			}
		}
	}
	if m.Graph != nil {
		walk(m.Graph)
	}
	return modules
}

// quoted finds the strings of a list as Python prints it.
var quoted = regexp.MustCompile(`'([^']*)'`)

func modulesOf(n *proto.Node) []string {
	for _, p := range n.Metadata {
		if p.Key != "pkg.torch.onnx.name_scopes" {
			continue
		}
		// All modules by their full names, then the node itself: ['', 'bert', 'bert.encoder', 'add_3'].
		if all := quoted.FindAllStringSubmatch(p.Value, -1); len(all) > 1 {
			return parts(all[len(all)-2][1], '.')
		}
	}
	return parts(path.Dir(n.Name), '/')
}

// parts is a path in parts, nil if it has none.
func parts(p string, separator rune) []string {
	list := strings.FieldsFunc(p, func(r rune) bool { return r == separator })
	if len(list) == 0 || p == "." {
		return nil
	}
	return list
}
