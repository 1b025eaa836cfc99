package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TreeMode is how a node of a tree compares a feature with its split.
type TreeMode uint8

// The comparisons, by their numbers in TreeEnsemble 5.
const (
	TreeLEQ TreeMode = iota
	TreeLT
	TreeGTE
	TreeGT
	TreeEQ
	TreeNEQ
	TreeMember // the feature is one of a set
)

// TreeAggregate is how the votes for one target become a score.
type TreeAggregate uint8

// The ways to aggregate, by their numbers in TreeEnsemble 5.
const (
	TreeAverage TreeAggregate = iota // the sum over the number of trees
	TreeSum
	TreeMin
	TreeMax
)

// TreeEnsemble sends each row of [N, F] down all trees and adds up the votes of the leaves that it comes to: [N, Targets], in elements
// Elem, or those of the input if that is Invalid.
//
// Nodes are tuples of Features, Modes, Splits, True, False and, where not all are false, MissingTrue: whether NaN goes to the true branch. A
// branch, and a root, is the number of a node, or −1 less the number of a leaf. Members has the set of each node of mode TreeMember in their order.
// Leaf i has the votes Starts[i] to Starts[i+1], pairs of VoteTargets and VoteWeights. Base is added to the scores.
type TreeEnsemble struct {
	Targets     int
	Aggregate   TreeAggregate
	Elem        tensor.DType
	Roots       []int
	Features    []int
	Modes       []TreeMode
	Splits      []float64
	True, False []int
	MissingTrue []bool
	Members     [][]float64
	Starts      []int
	VoteTargets []int
	VoteWeights []float64
	Base        []float64
}

func (o *TreeEnsemble) check() error {
	n, leaves := len(o.Features), len(o.Starts)-1
	if o.Targets < 1 || o.Targets > maxItems {
		return fmt.Errorf("%d targets", o.Targets)
	}
	if len(o.Modes) != n || len(o.Splits) != n || len(o.True) != n || len(o.False) != n || len(o.MissingTrue) != 0 && len(o.MissingTrue) != n {
		return fmt.Errorf("%d features, %d modes, %d splits, %d and %d branches and %d missing value tracks do not make nodes", n, len(o.Modes),
			len(o.Splits), len(o.True), len(o.False), len(o.MissingTrue))
	}
	for _, list := range [][]int{o.Roots, o.True, o.False} {
		for _, k := range list {
			if k >= n || k < -leaves {
				return fmt.Errorf("a branch leads to node or leaf %d of %d nodes and %d leaves", k, n, leaves)
			}
		}
	}
	members := 0
	for i, m := range o.Modes {
		if m > TreeMember || o.Features[i] < 0 {
			return fmt.Errorf("node %d compares feature %d in mode %d", i, o.Features[i], m)
		}
		if m == TreeMember {
			members++
		}
	}
	if members != len(o.Members) {
		return fmt.Errorf("%d sets for %d nodes that ask for membership", len(o.Members), members)
	}
	if o.Aggregate > TreeMax || len(o.VoteTargets) != len(o.VoteWeights) || len(o.Base) > 1 && len(o.Base) != o.Targets {
		return fmt.Errorf("%d targets and %d weights of votes, %d base values, aggregated in way %d", len(o.VoteTargets), len(o.VoteWeights), len(o.Base), o.Aggregate)
	}
	for _, t := range o.VoteTargets {
		if t < 0 || t >= o.Targets {
			return fmt.Errorf("a vote for target %d of %d", t, o.Targets)
		}
	}
	for i, s := range o.Starts {
		if s < 0 || s > len(o.VoteTargets) || i > 0 && s < o.Starts[i-1] {
			return fmt.Errorf("the votes of leaf %d start at %d", i, s)
		}
	}
	return nil
}

// Infer implements [ir.Op].
func (o *TreeEnsemble) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	rows, err := matrixType(c, 0)
	if err != nil {
		return nil, err
	}
	elem := o.Elem
	if elem == tensor.Invalid {
		elem = rows.Elem
	}
	return []ir.Fact{ir.Of(ir.TensorType(elem, rows.Dims[0], sym.Int(o.Targets)))}, nil
}

// Eval implements [ir.Op].
func (o *TreeEnsemble) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	rows, cols, read := features(x)
	for _, f := range o.Features {
		if f >= cols {
			return fmt.Errorf("feature %d of %d", f, cols)
		}
	}
	elem := o.Elem
	if elem == tensor.Invalid {
		elem = x.DType()
	}
	y := c.New(0, elem, rows, o.Targets)
	member := o.memberSets()
	row, score, voted := make([]float64, cols), make([]float64, o.Targets), make([]bool, o.Targets)
	for r := range rows {
		read(r, row)
		clear(score)
		clear(voted)
		for _, at := range o.Roots {
			leaf, err := o.leaf(at, row, member)
			if err != nil {
				return err
			}
			for v := o.Starts[leaf]; v < o.Starts[leaf+1]; v++ {
				t, w := o.VoteTargets[v], o.VoteWeights[v]
				switch {
				case o.Aggregate == TreeMin && voted[t]:
					score[t] = min(score[t], w)
				case o.Aggregate == TreeMax && voted[t]:
					score[t] = max(score[t], w)
				default:
					score[t] += w
				}
				voted[t] = true
			}
		}
		for t, s := range score {
			if o.Aggregate == TreeAverage && len(o.Roots) > 0 {
				s /= float64(len(o.Roots))
			}
			if len(o.Base) > 0 {
				s += o.Base[min(t, len(o.Base)-1)]
			}
			y.SetFloat64(r*o.Targets+t, s)
		}
	}
	return nil
}

// memberSets is the set of each node that asks for membership.
func (o *TreeEnsemble) memberSets() [][]float64 {
	sets, next := make([][]float64, len(o.Modes)), 0
	for i, m := range o.Modes {
		if m == TreeMember {
			sets[i] = o.Members[next]
			next++
		}
	}
	return sets
}

// leaf goes down a tree.
func (o *TreeEnsemble) leaf(at int, row []float64, members [][]float64) (int, error) {
	for steps := 0; at >= 0; steps++ {
		if steps > len(o.Features) {
			return 0, fmt.Errorf("node %d of a tree is above itself", at)
		}
		v, split := row[o.Features[at]], o.Splits[at]
		var yes bool
		switch o.Modes[at] {
		case TreeLEQ:
			yes = v <= split
		case TreeLT:
			yes = v < split
		case TreeGTE:
			yes = v >= split
		case TreeGT:
			yes = v > split
		case TreeEQ:
			yes = v == split
		case TreeNEQ:
			yes = v != split
		case TreeMember:
			yes = slices.Contains(members[at], v)
		}
		if yes || len(o.MissingTrue) > 0 && o.MissingTrue[at] && math.IsNaN(v) {
			at = o.True[at]
		} else {
			at = o.False[at]
		}
	}
	return -1 - at, nil
}

func init() { ir.Register[TreeEnsemble]() }
