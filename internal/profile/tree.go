package profile

import (
	"cmp"
	"slices"
	"strings"
)

// Tree is the time of a profile by modules: of a module, the time of all its parts.
type Tree struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value"` // microseconds
	Kernel   string  `json:"kernel,omitempty"`
	Reached  float64 `json:"reached,omitempty"`
	Children []*Tree `json:"children,omitempty"`

	byName map[string]*Tree
}

// Tree builds the tree of all steps under the name of the model. Modules stand in the order in which the program first enters them.
func (p *Profile) Tree() *Tree {
	root := &Tree{Name: p.Model}
	steps := slices.SortedFunc(slices.Values(p.Steps), func(a, b *Step) int { return cmp.Compare(a.order, b.order) })
	for _, s := range steps {
		t := root
		t.Value += s.Time * 1e6
		for _, m := range s.Modules {
			t = t.child(m)
			t.Value += s.Time * 1e6
		}
		t.Children = append(t.Children, &Tree{Name: leaf(s.Name, s.Kernel), Value: s.Time * 1e6, Kernel: s.Kernel, Reached: s.Reached()})
	}
	return root
}

func (t *Tree) child(name string) *Tree {
	c := t.byName[name]
	if c == nil {
		if t.byName == nil {
			t.byName = map[string]*Tree{}
		}
		c = &Tree{Name: name}
		t.byName[name] = c
		t.Children = append(t.Children, c)
	}
	return c
}

// leaf is the name of a step without the modules before it; a step without a name goes by its kernel.
func leaf(name, kernel string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if name == "" {
		return kernel
	}
	return name
}
