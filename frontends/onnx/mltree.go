package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

var treePosts = []op.PostFn{op.PostNone, op.PostSoftmax, op.PostLogistic, op.PostSoftmaxZero, op.PostProbit}

// importTreeEnsemble: nodes and leaves have lists of their own.
func importTreeEnsemble(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	for _, name := range []string{"tree_roots", "nodes_featureids", "nodes_splits", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs",
		"nodes_falseleafs", "leaf_targetids", "leaf_weights"} {
		c.require(name)
	}
	o := &op.TreeEnsemble{Targets: int(c.int("n_targets", 1)), Aggregate: op.TreeAggregate(c.int("aggregate_function", 1)), Roots: c.intSlice("tree_roots"),
		Features: c.intSlice("nodes_featureids"), Splits: c.numbers(c.tensor("nodes_splits")), MissingTrue: flags(c.ints("nodes_missing_value_tracks_true")),
		VoteTargets: c.intSlice("leaf_targetids"), VoteWeights: c.numbers(c.tensor("leaf_weights"))}
	for _, m := range c.numbers(c.tensor("nodes_modes")) {
		o.Modes = append(o.Modes, op.TreeMode(m))
	}
	o.True, o.False = c.branches("true"), c.branches("false")
	for i := range len(o.VoteTargets) + 1 {
		o.Starts = append(o.Starts, i)
	}
	o.Members = memberSets(c.numbers(c.tensor("membership_values")))
	post := c.int("post_transform", 0)
	if c.err == nil && (post < 0 || post >= int64(len(treePosts))) {
		c.err = fmt.Errorf(`attribute "post_transform" is %d`, post)
	}
	scores := c.expr(o, c.in[0])
	if c.err == nil && post != 0 {
		scores = c.expr(&op.PostTransform{Fn: treePosts[post]}, scores)
	}
	return []*ir.Value{scores}, c.err
}

// branches reads where the true or the false branches lead.
func (c *call) branches(side string) []int {
	ids, leafs := c.intSlice("nodes_"+side+"nodeids"), c.ints("nodes_"+side+"leafs")
	if len(ids) != len(leafs) {
		if c.err == nil {
			c.err = fmt.Errorf("%d %s branches, and %d flags that tell which are leaves", len(ids), side, len(leafs))
		}
		return nil
	}
	for i, leaf := range leafs {
		switch {
		case ids[i] < 0:
			if c.err == nil {
				c.err = fmt.Errorf("a %s branch leads to %d", side, ids[i])
			}
		case leaf != 0:
			ids[i] = -1 - ids[i]
		}
	}
	return ids
}

// memberSets cuts a list at its NaN.
func memberSets(values []float64) [][]float64 {
	var sets [][]float64
	var set []float64
	for _, v := range values {
		if math.IsNaN(v) {
			sets, set = append(sets, set), nil
			continue
		}
		set = append(set, v)
	}
	if len(set) > 0 {
		sets = append(sets, set)
	}
	return sets
}

var treeModes = map[string]op.TreeMode{"BRANCH_LEQ": op.TreeLEQ, "BRANCH_LT": op.TreeLT, "BRANCH_GTE": op.TreeGTE, "BRANCH_GT": op.TreeGT, "BRANCH_EQ": op.TreeEQ,
	"BRANCH_NEQ": op.TreeNEQ}

type treeNode struct{ tree, id int64 }

// oldTrees translates the nodes of TreeEnsembleRegressor and TreeEnsembleClassifier, which are named by a tree and an id and may be leaves, and the
// votes of the leaves, whose attributes begin with the given word.
func (c *call) oldTrees(votes string) *op.TreeEnsemble {
	trees, ids, modes := c.ints("nodes_treeids"), c.ints("nodes_nodeids"), c.strings("nodes_modes")
	features, splits, missing := c.intSlice("nodes_featureids"), c.doubles("nodes_values"), flags(c.ints("nodes_missing_value_tracks_true"))
	yes, no := c.ints("nodes_truenodeids"), c.ints("nodes_falsenodeids")
	n := len(ids)
	for _, l := range []int{len(trees), len(modes), len(features), len(splits), len(yes), len(no)} {
		if l != n && c.err == nil {
			c.err = fmt.Errorf("the attributes of nodes differ in length: %d and %d", n, l)
		}
	}
	if len(missing) != 0 && len(missing) != n && c.err == nil {
		c.err = fmt.Errorf("%d missing value tracks for %d nodes", len(missing), n)
	}
	o := &op.TreeEnsemble{Elem: tensor.Float32, Aggregate: op.TreeSum, Base: c.doubles("base_values")}
	if c.err != nil {
		return o
	}
	place, leaves := map[treeNode]int{}, map[treeNode]int{} // as branches lead there
	seen := map[int64]bool{}
	for i, m := range modes {
		k := treeNode{trees[i], ids[i]}
		if _, twice := place[k]; twice {
			c.err = fmt.Errorf("node %d of tree %d is given twice", k.id, k.tree)
			return o
		}
		if m == "LEAF" {
			place[k], leaves[k] = -1-len(leaves), len(leaves)
		} else {
			place[k] = len(o.Features)
			o.Features = append(o.Features, features[i])
		}
		if !seen[k.tree] {
			o.Roots, seen[k.tree] = append(o.Roots, place[k]), true
		}
	}
	for i, m := range modes {
		if m == "LEAF" {
			continue
		}
		mode, known := treeModes[m]
		a, okA := place[treeNode{trees[i], yes[i]}]
		b, okB := place[treeNode{trees[i], no[i]}]
		if !known || !okA || !okB {
			c.err = fmt.Errorf("node %d of tree %d has mode %q and branches to nodes %d and %d", ids[i], trees[i], m, yes[i], no[i])
			return o
		}
		o.Modes, o.Splits, o.True, o.False = append(o.Modes, mode), append(o.Splits, splits[i]), append(o.True, a), append(o.False, b)
		if len(missing) > 0 {
			o.MissingTrue = append(o.MissingTrue, missing[i])
		}
	}
	c.oldVotes(o, votes, leaves)
	return o
}

// oldVotes sorts the votes by leaf.
func (c *call) oldVotes(o *op.TreeEnsemble, votes string, leaves map[treeNode]int) {
	trees, nodes, targets, weights := c.ints(votes+"_treeids"), c.ints(votes+"_nodeids"), c.ints(votes+"_ids"), c.doubles(votes+"_weights")
	if (len(trees) != len(nodes) || len(trees) != len(targets) || len(trees) != len(weights)) && c.err == nil {
		c.err = fmt.Errorf("the attributes of votes differ in length: %d, %d, %d and %d", len(trees), len(nodes), len(targets), len(weights))
	}
	if c.err != nil {
		return
	}
	byLeaf := make([][]int, len(leaves))
	for i := range trees {
		if l, ok := leaves[treeNode{trees[i], nodes[i]}]; ok { // votes of inner nodes never count
			byLeaf[l] = append(byLeaf[l], i)
		}
	}
	for _, list := range byLeaf {
		o.Starts = append(o.Starts, len(o.VoteTargets))
		for _, i := range list {
			o.VoteTargets, o.VoteWeights = append(o.VoteTargets, int(targets[i])), append(o.VoteWeights, weights[i])
		}
	}
	o.Starts = append(o.Starts, len(o.VoteTargets))
}

func importTreeRegressor(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	o := c.oldTrees("target")
	o.Targets = int(c.int("n_targets", 1))
	names := []string{"AVERAGE", "SUM", "MIN", "MAX"}
	i := slices.Index(names, c.string("aggregate_function", "SUM"))
	if i < 0 && c.err == nil {
		c.err = fmt.Errorf(`attribute "aggregate_function" must be one of %v, got %q`, names, c.string("aggregate_function", ""))
	}
	o.Aggregate = op.TreeAggregate(i)
	return []*ir.Value{c.transformed(c.expr(o, c.in[0]))}, c.err
}

// importTreeClassifier: where all votes are for the first class of two, they are the score of the second.
func importTreeClassifier(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	labels := c.modelLabels("classlabels_int64s", "classlabels_strings")
	o := c.oldTrees("class")
	if c.err != nil {
		return nil, c.err
	}
	o.Targets = labels.Len()
	class := &op.ClassScores{Labels: labels, Rule: op.ClassLargest, Post: c.post()}
	different := slices.ContainsFunc(o.VoteTargets, func(t int) bool { return t != o.VoteTargets[0] })
	if !different && labels.Len() <= 2 && len(o.VoteTargets) > 0 {
		class.Rule = op.ClassTreePositive
		if slices.ContainsFunc(o.VoteWeights, func(w float64) bool { return w < 0 }) {
			class.Rule = op.ClassTreeMixed
		}
		if class.Voted = o.VoteTargets[0]; class.Voted == 0 && len(o.Base) < 2 {
			o.Targets = 1
		}
	}
	scores := c.expr(o, c.in[0])
	if c.err != nil {
		return nil, c.err
	}
	return c.add(class, scores)
}

func init() {
	register(
		row{mlDomain, "TreeEnsemble", 5, importTreeEnsemble},
		row{mlDomain, "TreeEnsembleClassifier", 1, importTreeClassifier},
		row{mlDomain, "TreeEnsembleRegressor", 1, importTreeRegressor},
	)
}
