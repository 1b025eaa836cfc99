package move

// Tuples says where index tuples point into a tensor: the first Batch axes of both go together, the tuple counts along the next axes.
type Tuples struct {
	Shape    []int // of the tensor's axes that a tuple counts along
	Steps    []int // of the same, in slices
	PerBatch int   // tuples of an index of the axes that go together, 0 if there are none
	Batch    int   // slices of the tensor for such an index
}

// Resolve sets at[i] to the number of the slice that tuple i of the indices names. An index outside of its axis is an error.
func Resolve[I Index](t *Tuples, at []int, indices []I) error {
	k := len(t.Shape)
	for i := range at {
		pos := 0
		if t.PerBatch > 0 {
			pos = i / t.PerBatch * t.Batch
		}
		for j, n := range t.Shape {
			index := indices[i*k+j]
			if int64(index) < -int64(n) || int64(index) >= int64(n) {
				return &IndexError{i*k + j, int64(index), n}
			}
			pos += wrap(index, n) * t.Steps[j]
		}
		at[i] = pos
	}
	return nil
}

// Take sets slice i of dst, of so many bytes, to slice at[i] of src.
func Take(dst, src []byte, at []int, size int) {
	for i, k := range at {
		copy(dst[i*size:(i+1)*size], src[k*size:(k+1)*size])
	}
}

// Put sets slice at[i] of dst to slice i of src, in order.
func Put(dst, src []byte, at []int, size int) {
	for i, k := range at {
		copy(dst[k*size:(k+1)*size], src[i*size:(i+1)*size])
	}
}
