package gocompile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// StatePair says that an output of a step is an input of the next one, both by name.
type StatePair struct{ Input, Output string }

// String is the form "input ← output".
func (p StatePair) String() string { return p.Input + " ← " + p.Output }

// statePair is a StatePair as numbers.
type statePair struct{ input, output int }

// givenStates resolves pairs that the caller names.
func givenStates(g *ir.Graph, pairs []StatePair) ([]statePair, error) {
	var list []statePair
	for _, p := range pairs {
		in := slices.IndexFunc(g.Inputs(), func(v *ir.Value) bool { return v.Name == p.Input })
		out := slices.IndexFunc(g.Outputs(), func(o ir.Output) bool { return o.Name == p.Output })
		switch {
		case in < 0:
			return nil, fmt.Errorf("state %v: the model has no input %q; it has %s", p, p.Input, strings.Join(inputNames(g), ", "))
		case out < 0:
			return nil, fmt.Errorf("state %v: the model has no output %q; it has %s", p, p.Output, strings.Join(outputNames(g), ", "))
		}
		for _, q := range list {
			if q.input == in || q.output == out {
				return nil, fmt.Errorf("state %v: its input or output is part of another state too", p)
			}
		}
		if because := mismatch(g.Inputs()[in].Type, g.Outputs()[out].Value.Type); because != "" {
			return nil, fmt.Errorf("state %v: %s", p, because)
		}
		list = append(list, statePair{in, out})
	}
	return list, nil
}

// findStates finds the outputs that are inputs of the next step: what attention appends to past keys and values, the last states of recurrent layers
// whose first states are inputs, and pairs of names as exporters give them.
func findStates(g *ir.Graph) ([]statePair, error) {
	in, out := make([]bool, len(g.Inputs())), make([]bool, len(g.Outputs()))
	var list []statePair
	add := func(i, k int) {
		if i >= 0 && !in[i] && !out[k] && mismatch(g.Inputs()[i].Type, g.Outputs()[k].Value.Type) == "" {
			in[i], out[k] = true, true
			list = append(list, statePair{i, k})
		}
	}
	for k, o := range g.Outputs() {
		add(continues(o.Value), k)
	}
	for k, o := range g.Outputs() {
		for i, v := range g.Inputs() {
			if !in[i] && !out[k] && namedAlike(v.Name, o.Name) {
				add(i, k)
				break
			}
		}
	}
	var left []string
	for i, v := range g.Inputs() {
		if !in[i] && strings.HasPrefix(v.Name, "past") && !strings.Contains(v.Name, "encoder.") && v.Type.IsTensor() && v.Type.Elem.IsFloat() {
			left = append(left, v.Name)
		}
	}
	switch {
	case left != nil:
		return nil, fmt.Errorf("no output is found that %s could be in the next step; name the pairs with WithStates", strings.Join(left, ", "))
	case list == nil:
		return nil, fmt.Errorf("none of the outputs %s is found to be one of the inputs %s in the next step; name the pairs with WithStates",
			strings.Join(outputNames(g), ", "), strings.Join(inputNames(g), ", "))
	}
	slices.SortFunc(list, func(a, b statePair) int { return a.input - b.input })
	return list, nil
}

// mismatch says why a value of type b cannot stand where one of type a is wanted, empty if it may.
func mismatch(a, b ir.Type) string {
	if !a.IsTensor() || !b.IsTensor() {
		return "a state must be a tensor"
	}
	ra, okA := a.Rank()
	rb, okB := b.Rank()
	wrong := a.Elem != b.Elem || okA && okB && ra != rb
	if okA && okB && ra == rb {
		for i := range a.Dims {
			n, constA := a.Dims[i].IsConst()
			m, constB := b.Dims[i].IsConst()
			wrong = wrong || constA && constB && n != m
		}
	}
	if wrong {
		return fmt.Sprintf("the output is %v, which the input %v cannot be", b, a)
	}
	return ""
}

// continues is the number of the input that v is for the next step by what computes v, −1 if that does not say.
func continues(v *ir.Value) int {
	n := v.Def()
	if n == nil {
		return -1
	}
	var from *ir.Value
	switch n.Op.(type) {
	case *op.Attention:
		if v.Index() == 1 || v.Index() == 2 {
			from = n.Input(op.AttentionPastK + v.Index() - 1)
		}
	case *op.LinearAttention:
		if v.Index() == 1 {
			from = n.Input(op.LinearState)
		}
	case *op.TensorScatter:
		from = n.Input(0)
	case *op.Concat:
		if len(n.In()) == 2 && n.Input(0).IsGraphInput() && len(n.Input(0).Uses()) == 1 && !n.Input(1).IsGraphInput() {
			from = n.Input(0)
		}
	}
	if from == nil {
		return onlyOf(initialStates(v, map[*ir.Value]bool{}))
	}
	if !from.IsGraphInput() {
		return -1
	}
	return from.Index()
}

// rearranges reports whether a node hands on what it gets, in pieces, joined or in another shape.
func rearranges(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.Reshape, *op.Transpose, *op.Squeeze, *op.Unsqueeze, *op.Identity, *op.Concat, *op.Split, *op.Slice, *op.Gather:
		return true
	}
	return false
}

// data is the inputs of a node that rearranges whose elements it hands on.
func data(n *ir.Node) []*ir.Value {
	if _, ok := n.Op.(*op.Concat); ok {
		return n.In()
	}
	return n.In()[:1]
}

// initialStates finds the inputs that the first states of recurrent layers are parts of whose last states v is made of.
func initialStates(v *ir.Value, seen map[*ir.Value]bool) []int {
	n := v.Def()
	if n == nil || seen[v] {
		return nil
	}
	seen[v] = true
	var list []int
	switch n.Op.(type) {
	case *op.LSTM, *op.GRU, *op.RNN:
		if k := v.Index(); k > 0 && n.Input(4+k) != nil { // after X, W, R, B and lengths
			return sources(n.Input(4+k), seen)
		}
	default:
		if rearranges(n) {
			for _, x := range data(n) {
				list = append(list, initialStates(x, seen)...)
			}
		}
	}
	return list
}

// sources are the inputs of the graph that v is a part of.
func sources(v *ir.Value, seen map[*ir.Value]bool) []int {
	if v.IsGraphInput() {
		return []int{v.Index()}
	}
	if seen[v] || !rearranges(v.Def()) {
		return nil
	}
	seen[v] = true
	var list []int
	for _, x := range data(v.Def()) {
		list = append(list, sources(x, seen)...)
	}
	return list
}

// onlyOf is the number that a list repeats, −1 if there are none or others too.
func onlyOf(list []int) int {
	if len(list) == 0 || slices.Max(list) != slices.Min(list) {
		return -1
	}
	return list[0]
}

// Exporters name a state before and after a step by these pairs of beginnings and ends; for the second kind of ends, which models without states
// have too, a word must say that the value is a state.
var (
	stateBeginnings = [][2]string{{"past_key_values", "present_key_values"}, {"past_key_values", "present"}, {"past", "present"}, {"in_", "out_"},
		{"", "new_"}, {"", "next_"}, {"", "updated_"}, {"prev_", "next_"}, {"prev_", "new_"}, {"old_", "new_"}, {"prev_", ""}}
	stateEnds = [][2]string{{"_in", "_out"}, {"_input", "_output"}, {"0", "n"}, {"_0", "_n"}, {"", "N"}, {"", "_n"}, {"", "_out"}, {"", "_new"}, {"", "_next"},
		{"", "_output"}, {"", "_updated"}, {"_prev", ""}, {"in", "out"}}
	stateWords = []string{"state", "hidden", "cell", "cache", "past", "memory", "mem"}
)

// namedAlike reports whether names are those of a state before and after a step.
func namedAlike(in, out string) bool {
	for _, b := range stateBeginnings {
		a, okA := strings.CutPrefix(in, b[0])
		z, okZ := strings.CutPrefix(out, b[1])
		if okA && okZ && a == z && a != "" && (b[0] == "past" || b[0] == "past_key_values" || saysState(in)) {
			return true
		}
	}
	for _, e := range stateEnds {
		a, okA := strings.CutSuffix(in, e[0])
		z, okZ := strings.CutSuffix(out, e[1])
		if okA && okZ && a == z && a != "" && saysState(in) {
			return true
		}
	}
	return false
}

// saysState reports whether a name is that of a state: h and c, alone or with a number, or with a word that says so.
func saysState(name string) bool {
	lower := strings.ToLower(name)
	for _, w := range stateWords {
		if strings.Contains(lower, w) {
			return true
		}
	}
	short := strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(lower, "_in"), "_prev"), "0123456789_xn")
	return short == "h" || short == "c"
}

func inputNames(g *ir.Graph) []string {
	var names []string
	for _, v := range g.Inputs() {
		names = append(names, v.Name)
	}
	return names
}

func outputNames(g *ir.Graph) []string {
	var names []string
	for _, o := range g.Outputs() {
		names = append(names, o.Name)
	}
	return names
}
