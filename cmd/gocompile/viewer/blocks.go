package viewer

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// block is a run of nodes that the page can show as one.
type block struct {
	First   int    `json:"first"`
	End     int    `json:"end"` // the first node behind it
	Title   string `json:"title"`
	Summary string `json:"summary,omitempty"`
}

// blocksOf divides nodes, in program order, where few values are handed on, into blocks of about one size; each body has blocks of its own. In the chain of
// layers that networks are, that is between layers and their halves, whatever nodes are called.
func blocksOf(nodes []node) []block {
	size := min(60, max(24, len(nodes)/40))
	var blocks []block
	for first := 0; first < len(nodes); {
		end := first + 1
		for end < len(nodes) && nodes[end].Of == nodes[first].Of {
			end++
		}
		for _, cut := range cuts(nodes, first, end, size) {
			blocks = append(blocks, describe(nodes, first, cut))
			first = cut
		}
	}
	return blocks
}

// crossing counts for each node of a run the results of the run up to it that are used behind it.
func crossing(nodes []node, first, end int) []int {
	last := map[[2]int]int{}
	for i := first; i < len(nodes); i++ {
		for _, in := range nodes[i].In {
			if in.From >= first && in.From < end {
				last[[2]int{in.From, in.Index}] = min(i, end)
			}
		}
	}
	change := make([]int, end-first+1)
	for result, use := range last {
		change[result[0]-first]++
		change[use-first]--
	}
	sum := 0
	for i := range change {
		sum += change[i]
		change[i] = sum
	}
	return change[:end-first]
}

// whole is the number of nodes up to which they are one block.
const whole = 100

// cuts returns the ends of the blocks of a run that cost least: the values that cross each end, the scopes that go on behind it, and how far each
// block is from the wanted size.
func cuts(nodes []node, first, end, size int) []int {
	n := end - first
	if n <= whole {
		return []int{end}
	}
	cross := crossing(nodes, first, end)
	cost, from := make([]float64, n+1), make([]int, n+1)
	for i := 1; i <= n; i++ {
		cost[i] = math.Inf(1)
		around := slices.Min(cross[max(0, i-1-size):min(n-1, i+size)]) // masks and tables cross all ends
		end := 0.5 * float64(cross[i-1]-around)
		if i < n {
			end += 0.5 * float64(shared(path(nodes[first+i-1]), path(nodes[first+i])))
		}
		for k := max(0, i-4*size); k < i; k++ {
			off := float64(i-k-size) / float64(size)
			c := cost[k] + end + off*off
			if c < cost[i] {
				cost[i], from[i] = c, k
			}
		}
	}
	var ends []int
	for i := n; i > 0; i = from[i] {
		ends = append(ends, first+i)
	}
	slices.Reverse(ends)
	return ends
}

// describe names a block by the scope that its nodes have in common, or by what is in it.
func describe(nodes []node, first, end int) block {
	b := block{First: first, End: end, Title: scope(nodes[first:end]), Summary: summary(nodes[first:end])}
	if b.Title == "" {
		b.Title, b.Summary = b.Summary, ""
	}
	if of := nodes[first].Of; of != "" {
		b.Title = of + ": " + b.Title
	}
	return b
}

// path is the scope that the name of a node stands in.
func path(n node) []string {
	at := strings.LastIndexByte(n.Name, '/')
	if n.Op == "input" || n.Op == "output" || at < 0 {
		return nil
	}
	return strings.Split(strings.Trim(n.Name[:at], "/"), "/")
}

// shared is how many scopes two paths have in common.
func shared(a, b []string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}

// scope is the longest path that all names with one begin with.
func scope(nodes []node) string {
	var common []string
	for _, n := range nodes {
		switch p := path(n); {
		case p == nil:
		case common == nil:
			common = p
		default:
			common = common[:shared(common, p)]
		}
	}
	return strings.Join(common, "/")
}

// summary counts the operators, parts of a network first.
func summary(nodes []node) string {
	count, part := map[string]int{}, map[string]bool{}
	for _, n := range nodes {
		count[n.Op]++
		part[n.Op] = part[n.Op] || n.Kind != ""
	}
	rank := func(op string) int {
		if part[op] {
			return 0
		}
		return 1
	}
	ops := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(rank(a)-rank(b), count[b]-count[a], cmp.Compare(a, b))
	})
	var list []string
	for _, op := range ops[:min(len(ops), 4)] {
		if count[op] > 1 {
			op = fmt.Sprintf("%s ×%d", op, count[op])
		}
		list = append(list, op)
	}
	if len(ops) > 4 {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}
