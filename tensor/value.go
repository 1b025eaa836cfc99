package tensor

// Value is anything that a model passes around: *Tensor, *Sequence, *Optional or *Map.
type Value interface{ isValue() }

// Sequence is a list of values of one type.
type Sequence struct {
	Elem  DType // element type of the tensors in it, Invalid if not known
	Items []Value
}

// Optional is a value that may be absent.
type Optional struct {
	Item Value // nil: absent
}

// Map takes keys to values.
type Map struct {
	Keys   *Tensor // of rank 1, integers or strings
	Values Value   // a tensor of rank 1, or a sequence, as long as Keys
}

func (*Tensor) isValue()   {}
func (*Sequence) isValue() {}
func (*Optional) isValue() {}
func (*Map) isValue()      {}
