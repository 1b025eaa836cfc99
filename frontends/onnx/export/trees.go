package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// writeTrees uses TreeEnsemble where each leaf has one vote, and TreeEnsembleRegressor, whose result is f32, otherwise.
func writeTrees(c *call) error {
	o := c.node.Op.(*op.TreeEnsemble)
	if o.Elem == tensor.Float32 && len(o.Members) == 0 {
		return c.writeRegressor(o)
	}
	for i := range len(o.Starts) - 1 {
		if o.Starts[i+1]-o.Starts[i] != 1 {
			return fmt.Errorf("leaf %d has %d votes", i, o.Starts[i+1]-o.Starts[i])
		}
	}
	if len(o.Base) > 0 || o.Elem != tensor.Invalid && o.Elem != c.typ(0).Elem {
		return fmt.Errorf("trees for %v with %d base values and results %v", c.typ(0).Elem, len(o.Base), o.Elem)
	}
	elem := c.typ(0).Elem
	vector := func(list []float64) *tensor.Tensor {
		t := tensor.New(elem, len(list))
		for i, x := range list {
			t.SetFloat64(i, x)
		}
		return t
	}
	modes := tensor.New(tensor.Uint8, len(o.Modes))
	for i, m := range o.Modes {
		modes.SetInt64(i, int64(m))
	}
	var members []float64
	for _, set := range o.Members {
		members = append(append(members, set...), math.NaN())
	}
	first := o.Starts[0]
	list := attrs(integer("n_targets", o.Targets), integer("aggregate_function", int(o.Aggregate)), integers("tree_roots", o.Roots),
		integers("nodes_featureids", o.Features), tensorAttribute("nodes_splits", vector(o.Splits)), tensorAttribute("nodes_modes", modes),
		integers("leaf_targetids", o.VoteTargets[first:]), tensorAttribute("leaf_weights", vector(o.VoteWeights[first:])),
		backward("nodes_missing_value_tracks_true", o.MissingTrue), when(len(members) > 0, tensorAttribute("membership_values", vector(members))))
	for _, side := range []struct {
		name     string
		branches []int
	}{{"true", o.True}, {"false", o.False}} {
		ids, leafs := make([]int, len(side.branches)), make([]int, len(side.branches))
		for i, k := range side.branches {
			if ids[i] = k; k < 0 {
				ids[i], leafs[i] = -1-k, 1
			}
		}
		list = append(list, integers("nodes_"+side.name+"nodeids", ids), integers("nodes_"+side.name+"leafs", leafs))
	}
	for _, r := range o.Roots {
		if r < 0 {
			return fmt.Errorf("a tree that is one leaf")
		}
	}
	c.as(learning+"::TreeEnsemble", list, c.in(0))
	return nil
}

var treeModes = map[op.TreeMode]string{op.TreeLEQ: "BRANCH_LEQ", op.TreeLT: "BRANCH_LT", op.TreeGTE: "BRANCH_GTE", op.TreeGT: "BRANCH_GT", op.TreeEQ: "BRANCH_EQ",
	op.TreeNEQ: "BRANCH_NEQ"}

// oldTrees collects the attributes of TreeEnsembleRegressor, in which a node is named by its tree and a number there, and leaves are nodes.
type oldTrees struct {
	o                                      *op.TreeEnsemble
	trees, ids, features, yes, no, missing []int
	modes                                  []string
	splits                                 []float64
	voteTrees, voteNodes, voteTargets      []int
	weights                                []float64
}

// add appends what can be reached from a root; nodes keep their numbers, and leaves have those behind them.
func (t *oldTrees) add(tree, root int) {
	number := func(k int) int {
		if k < 0 {
			return len(t.o.Features) - 1 - k
		}
		return k
	}
	seen := map[int]bool{root: true}
	for list := []int{root}; len(list) > 0; {
		k := list[0]
		list = list[1:]
		t.trees, t.ids = append(t.trees, tree), append(t.ids, number(k))
		if k < 0 {
			t.features, t.splits, t.modes = append(t.features, 0), append(t.splits, 0), append(t.modes, "LEAF")
			t.yes, t.no, t.missing = append(t.yes, 0), append(t.no, 0), append(t.missing, 0)
			for i := t.o.Starts[-1-k]; i < t.o.Starts[-k]; i++ {
				t.voteTrees, t.voteNodes = append(t.voteTrees, tree), append(t.voteNodes, number(k))
				t.voteTargets, t.weights = append(t.voteTargets, t.o.VoteTargets[i]), append(t.weights, t.o.VoteWeights[i])
			}
			continue
		}
		missing := 0
		if len(t.o.MissingTrue) > 0 && t.o.MissingTrue[k] {
			missing = 1
		}
		t.features, t.splits, t.modes = append(t.features, t.o.Features[k]), append(t.splits, t.o.Splits[k]), append(t.modes, treeModes[t.o.Modes[k]])
		t.yes, t.no, t.missing = append(t.yes, number(t.o.True[k])), append(t.no, number(t.o.False[k])), append(t.missing, missing)
		for _, next := range []int{t.o.True[k], t.o.False[k]} {
			if !seen[next] {
				seen[next], list = true, append(list, next)
			}
		}
	}
}

// maxOldNodes bounds the nodes of all trees, which may share theirs here and not in TreeEnsembleRegressor.
const maxOldNodes = 1 << 24

func (c *call) writeRegressor(o *op.TreeEnsemble) error {
	t := &oldTrees{o: o}
	for i, root := range o.Roots {
		if t.add(i, root); len(t.ids) > maxOldNodes {
			return fmt.Errorf("more than %d nodes", maxOldNodes)
		}
	}
	names := []string{"AVERAGE", "SUM", "MIN", "MAX"}
	c.as(learning+"::TreeEnsembleRegressor", attrs(integer("n_targets", o.Targets), text("aggregate_function", names[o.Aggregate]),
		integers("nodes_treeids", t.trees), integers("nodes_nodeids", t.ids), integers("nodes_featureids", t.features), texts("nodes_modes", t.modes),
		doubles("nodes_values", t.splits), integers("nodes_truenodeids", t.yes), integers("nodes_falsenodeids", t.no),
		when(len(o.MissingTrue) > 0, integers("nodes_missing_value_tracks_true", t.missing)), integers("target_treeids", t.voteTrees),
		integers("target_nodeids", t.voteNodes), integers("target_ids", t.voteTargets), doubles("target_weights", t.weights),
		when(len(o.Base) > 0, doubles("base_values", o.Base))), c.numbers())
	return nil
}

// doubles is a list of floats, or the tensor of doubles that may stand for it where floats do not say the same.
func doubles(name string, list []float64) *proto.Attribute {
	short := make([]float32, len(list))
	for i, x := range list {
		short[i] = float32(x)
		if float64(short[i]) != x && x == x {
			return tensorAttribute(name+"_as_tensor", tensor.Must(list, len(list)))
		}
	}
	return floats(name, short)
}

func init() { spell("TreeEnsemble", writeTrees) }
