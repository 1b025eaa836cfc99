package ir

import (
	"fmt"
	"reflect"
	"sort"
)

var opByName = map[string]func() Op{}

// Named is implemented by operator types that stand for several operators, such as all elementwise functions of one
// argument: the field that tells them apart is tagged `gir:"-"`, and each is registered with [RegisterNamed].
type Named interface{ OpName() string }

// Register makes the operator *T known to the text form under the name of its Go type. It is called from init functions;
// a second registration of a name is a bug.
func Register[T any, P interface {
	*T
	Op
}]() {
	RegisterNamed(reflect.TypeFor[T]().Name(), func() Op { return P(new(T)) })
}

// RegisterNamed makes an operator known to the text form under a name of its own.
func RegisterNamed(name string, zero func() Op) {
	if _, dup := opByName[name]; dup {
		panic("BUG: operator " + name + " registered twice")
	}
	opByName[name] = zero
}

// OpName is the name of an operator in the text form, messages and counts.
func OpName(op Op) string {
	if n, ok := op.(Named); ok {
		return n.OpName()
	}
	t := reflect.TypeOf(op)
	if t == nil {
		return "<nil>"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// OpNames lists the registered operators in alphabetical order.
func OpNames() []string {
	names := make([]string, 0, len(opByName))
	for n := range opByName {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// NewOp returns a zero operator of that name, for instance for the parser of the text form.
func NewOp(name string) (Op, error) {
	zero, ok := opByName[name]
	if !ok {
		return nil, fmt.Errorf("unknown operator %q", name)
	}
	return zero(), nil
}
