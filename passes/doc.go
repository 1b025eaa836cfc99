// Package passes rewrites graphs: each file holds one pass, a name, one sentence on what it does and its rules. Only pipeline.go
// orders them.
//
// A pass keeps the meaning of the graph, and every rewrite leaves it valid. Nothing here may know a file format or a back end.
package passes
