package passes

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
)

// Pass is one rewriting of a graph.
type Pass struct {
	Name string
	Doc  string // one sentence
	run  func(*run, *ir.Graph) error
}

// Pipeline lists the passes in the order in which they run: stage by stage, each repeated until nothing changes, so that a recogniser
// sees only what is fully normalised. The whole is repeated too, because what was recognised may let more be normalised.
func Pipeline() []Pass {
	var all []Pass
	for _, s := range stages {
		all = append(all, s...)
	}
	return all
}

var stages = [][]Pass{
	{ // one spelling for everything
		{"shapes", "replaces integer tensors that describe shapes by constants and dimension expressions", shapes},
		{"arith", "spells arithmetic with constants one way", arith},
		{"batchnorm", "spells batch normalisation by constants as a factor and a summand of each channel", batchNorms},
		{"einsum", "spells sums over products as products of matrices", einsums},
		{"contract", "spells contractions as matrix products with transposed operands as flags", contract},
		{"quantised", "spells convolutions of numbers that were made of bytes as convolutions of the bytes", quantised},
		{"fold", "computes what depends on constants only", fold},
		{"branch", "replaces an If of a known condition by the body that is taken", branch},
		{"tile", "spells the repetition of axes of length 1 as Expand", tiles},
		{"reshape", "spells squeeze, unsqueeze and flatten as reshape, and merges reshapes of reshapes", reshapes},
		{"transpose", "merges transposes of transposes, also with reshapes between that keep the axes apart", transposes},
		{"gather", "replaces gathers of everything in order by a change of shape", gathers},
		{"pieces", "takes parts of concatenations from what they are made of, and joins parts that lie side by side", pieces},
		{"rows", "moves reshapes that merge leading axes behind what works row by row", rowwise},
		{"splits", "moves reshapes that split the first axis before what works on each of its elements alone", splits},
		{"scale", "moves scalar factors behind transposes, reshapes and products of matrices", scale},
		{"identity", "removes operators that pass their input on unchanged", identities},
		{"common", "computes equal expressions once", common},
		{"carried", "lets bodies of loops take from outside what is handed from iteration to iteration as it is", carried},
		{"captures", "removes values that bodies of control flow take and do not use, and tells them which are constant", captures},
		{"dead", "removes nodes whose results nothing uses", dead},
	},
	{ // few big operators
		{"cell", "recognises recurrent layers whose cells are spelled out, in a row or in a loop", cells},
		{"recurrent", "makes layers of LSTM, GRU and RNN follow each other without changes of layout between them", recurrents},
		{"activation", "recognises activation functions in products", activations},
		{"channels", "takes constant factors and summands of channels into the convolution before them", channels},
		{"phases", "spells transposed convolutions with constant weights as convolutions, one for each phase of the stride", phases},
		{"softmax", "recognises softmax in quotients of exponentials", softmaxes},
		{"norm", "recognises layer and root mean square normalisation, and takes scale and bias in", norms},
		{"rotary", "recognises rotary position embeddings, their tables computed once", rotaries},
		{"attention", "recognises scaled dot-product attention, its masks as structure", attentions},
		{"mask", "takes what masks of attention say by position as structure", maskStructures},
		{"groups", "lets attention read heads of keys and values once that were repeated for groups of queries", groups},
		{"cache", "lets attention append new keys and values to past ones", caches},
		{"heads", "lets attention and rotary embeddings read heads side by side instead of exchanging axes", heads},
		{"cut", "takes parts of rows before what computes each row by itself", cuts},
	},
	{ // less to compute
		{"table", "takes rows of constants instead of multiplying by one-hot rows, and computes functions of rows of small constants for the constants", tables},
		{"linear", "makes one product of consecutive ones with constant weights where that is cheaper", linears},
		{"select", "moves the choice of few positions before what works on each alone, through attention into its queries", selects},
	},
}

const (
	maxRounds      = 32      // repetitions of a stage, and of the whole
	maxRewrites    = 256     // for a node of the graph as it was, and for one more
	DefaultMaxFold = 1 << 24 // bytes of a folded constant
)

// Options choose what runs. The zero value runs everything without limit.
type Options struct {
	Disable map[string]bool // names of passes that do not run
	Limit   int             // number of rewrites after which all passes stop, to bisect a fault; 0: none
	MaxFold int             // bytes that a folded constant may have; 0: DefaultMaxFold
	Verify  bool            // verify the graph after each pass
	Report  *Report         // receives what the recognisers found; nil: nobody asks
	// After is called after each pass that changed something, if it is set.
	After func(pass string, rewrites int, g *ir.Graph)
}

// ParseDisable reads the form of the command line: names separated by commas, each with a minus sign: "-fold,-common".
func ParseDisable(s string) (map[string]bool, error) {
	known := map[string]bool{}
	for _, p := range Pipeline() {
		known[p.Name] = true
	}
	disable := map[string]bool{}
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, ok := strings.CutPrefix(f, "-")
		if !ok || !known[name] && name != "all" {
			return nil, fmt.Errorf("%q does not disable a pass; passes are %v, and -all", f, names())
		}
		if name == "all" {
			return known, nil
		}
		disable[name] = true
	}
	return disable, nil
}

func names() []string {
	var all []string
	for _, p := range Pipeline() {
		all = append(all, p.Name)
	}
	return all
}

// run is the state of one call of Optimize.
type run struct {
	Options
	rewrites int
	most     int                // of them: the limit, or what only rules take that undo each other
	products int                // multiply-adds of weights with weights
	news     int                // other changes: facts that became more precise, nodes that were dropped on the way
	quiet    map[string]int     // by pass: changes at its last run, if that changed nothing
	broken   map[*ir.Graph]bool // bodies in which a pass failed
}

// rewrite counts a rewrite about to be done; false means that the limit is reached and it must not be done.
func (r *run) rewrite() bool {
	if r.rewrites >= r.most {
		return false
	}
	r.rewrites++
	return true
}

// Optimize runs the pipeline on a graph and its bodies until nothing changes, and returns the number of rewrites. Should rules undo each other, it ends
// all the same, with a graph that means the same.
func Optimize(g *ir.Graph, o Options) (int, error) { return optimize(g, o, stages) }

// count is the number of nodes, those in bodies too.
func count(g *ir.Graph) int {
	n := 0
	g.Walk(func(*ir.Node) { n++ })
	return n
}

func optimize(g *ir.Graph, o Options, stages [][]Pass) (int, error) {
	if o.MaxFold == 0 {
		o.MaxFold = DefaultMaxFold
	}
	r := &run{Options: o, most: o.Limit, quiet: map[string]int{}}
	if most := maxRewrites * (1 + count(g)); o.Limit <= 0 || most < o.Limit {
		r.most = most
	}
	if o.Report != nil {
		o.Report.begin(g)
		defer func() { o.Report.finish(g) }()
	}
	err := r.repeat(func() error {
		for _, s := range stages {
			if err := r.repeat(func() error { return r.stage(g, s) }); err != nil {
				return err
			}
		}
		return nil
	})
	return r.rewrites, err
}

// repeat calls f until it changes nothing.
func (r *run) repeat(f func() error) error {
	for range maxRounds {
		before := r.changes()
		if err := f(); err != nil {
			return err
		}
		if r.changes() == before {
			break
		}
	}
	return nil
}

// changes counts everything that may let a pass find more than before.
func (r *run) changes() int { return r.rewrites + r.news }

// stage runs each pass of a stage once, but for those that changed nothing when they last ran and would see the same graph again.
func (r *run) stage(g *ir.Graph, stage []Pass) error {
	for _, p := range stage {
		before, ran := r.quiet[p.Name]
		if r.Disable[p.Name] || ran && before == r.changes() {
			continue
		}
		start, before := r.rewrites, r.changes()
		if err := r.everywhere(g, p.run); err != nil {
			return fmt.Errorf("pass %s: %w", p.Name, err)
		}
		if r.changes() == before {
			r.quiet[p.Name] = before
		}
		if r.rewrites == start {
			continue
		}
		if r.Verify {
			if err := ir.Verify(g); err != nil {
				return fmt.Errorf("after pass %s: %w", p.Name, err)
			}
		}
		if r.After != nil {
			r.After(p.Name, r.rewrites-start, g)
		}
	}
	return nil
}

// everywhere runs a pass on a graph and then on the bodies in it. A body that cannot be right for the shapes at hand is left as it is from then on:
// it may be a branch that is never taken with them.
func (r *run) everywhere(g *ir.Graph, pass func(*run, *ir.Graph) error) error {
	if r.Report != nil {
		r.Report.visits += g.Len()
	}
	nodes := g.Len()
	if err := pass(r, g); err != nil {
		return err
	}
	if g.Len() < nodes {
		r.news++
	}
	if !g.HasBodies() {
		return nil
	}
	for n := range g.Nodes() {
		for _, b := range ir.Bodies(n.Op) {
			if r.broken[b] {
				continue
			}
			if err := r.everywhere(b, pass); err != nil {
				if r.broken == nil {
					r.broken = map[*ir.Graph]bool{}
				}
				r.broken[b] = true
			}
		}
	}
	return nil
}

// replace adds an operator before n that takes the place of n's result i.
func replace(g *ir.Graph, n *ir.Node, i int, op ir.Op, in ...*ir.Value) error {
	m, err := g.InsertBefore(n, op, in...)
	if err != nil {
		return err
	}
	m.Name = n.Name
	old, v := n.Out()[i], m.Out()[0]
	v.Learn(old.Fact)
	g.ReplaceUses(old, v)
	ir.Credit(m, n)
	return nil
}

// removeIfUnused removes a node that has become useless.
func removeIfUnused(g *ir.Graph, n *ir.Node) {
	for _, v := range n.Out() {
		if v.Used() {
			return
		}
	}
	g.Remove(n)
}
