// Package proto is the ONNX file format: the messages of onnx.proto as Go structs, decoded from and encoded to the protobuf
// wire format without generated code, and the conversion of tensors.
//
// Decoding copies no weights: the raw data of a tensor is a part of the input. It knows nothing of operators or graphs beyond
// their spelling.
package proto

// Model is a ModelProto.
type Model struct {
	IRVersion       int64
	OpsetImports    []OperatorSet
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	DocString       string
	Graph           *Graph
	Metadata        []StringPair
	Functions       []*Function
	TrainingInfo    int // number of TrainingInfoProto messages, which are not decoded

	source *source // where external data is found; nil for a model from bytes
}

// OperatorSet is an OperatorSetIdProto: the version of a domain that the model uses. Domain "" is ai.onnx.
type OperatorSet struct {
	Domain  string
	Version int64
}

// StringPair is a StringStringEntryProto.
type StringPair struct{ Key, Value string }

// Graph is a GraphProto.
type Graph struct {
	Nodes              []*Node
	Name               string
	Initializers       []*Tensor
	SparseInitializers []*SparseTensor
	DocString          string
	Inputs             []*ValueInfo
	Outputs            []*ValueInfo
	ValueInfo          []*ValueInfo
	Metadata           []StringPair
}

// Node is a NodeProto. An empty name among Inputs or Outputs is an absent optional one.
type Node struct {
	Inputs     []string
	Outputs    []string
	Name       string
	OpType     string
	Domain     string
	Overload   string
	Attributes []*Attribute
	DocString  string
	Metadata   []StringPair
}

// AttributeType is AttributeProto.AttributeType.
type AttributeType int32

// The kinds of attributes.
const (
	AttrUndefined AttributeType = iota
	AttrFloat
	AttrInt
	AttrString
	AttrTensor
	AttrGraph
	AttrFloats
	AttrInts
	AttrStrings
	AttrTensors
	AttrGraphs
	AttrSparseTensor
	AttrSparseTensors
	AttrType
	AttrTypes
)

var attributeTypes = [...]string{"UNDEFINED", "FLOAT", "INT", "STRING", "TENSOR", "GRAPH", "FLOATS", "INTS", "STRINGS", "TENSORS", "GRAPHS",
	"SPARSE_TENSOR", "SPARSE_TENSORS", "TYPE_PROTO", "TYPE_PROTOS"}

// String is ONNX's name of the kind.
func (t AttributeType) String() string {
	if t < 0 || int(t) >= len(attributeTypes) {
		return "UNKNOWN"
	}
	return attributeTypes[t]
}

// Attribute is an AttributeProto.
type Attribute struct {
	Name          string
	RefAttrName   string // in function bodies: the function's attribute that stands here
	DocString     string
	Type          AttributeType
	F             float32
	I             int64
	S             []byte
	T             *Tensor
	G             *Graph
	SparseTensor  *SparseTensor
	TP            *Type
	Floats        []float32
	Ints          []int64
	Strings       [][]byte
	Tensors       []*Tensor
	Graphs        []*Graph
	SparseTensors []*SparseTensor
	Types         []*Type
}

// Tensor is a TensorProto. Exactly one of the data fields is set in a sound model; Raw aliases the decoded input.
type Tensor struct {
	Dims       []int64
	DataType   int32
	Name       string
	DocString  string
	Raw        []byte
	HasRaw     bool
	Floats     []float32
	Int32s     []int32
	Strings    [][]byte
	Int64s     []int64
	Doubles    []float64
	Uint64s    []uint64
	External   []StringPair
	IsExternal bool
	HasSegment bool
	Metadata   []StringPair
}

// SparseTensor is a SparseTensorProto: values and their linear or coordinate indices.
type SparseTensor struct {
	Values  *Tensor
	Indices *Tensor
	Dims    []int64
}

// ValueInfo is a ValueInfoProto.
type ValueInfo struct {
	Name      string
	Type      *Type
	DocString string
	Metadata  []StringPair
}

// TypeKind says which member of TypeProto is set.
type TypeKind uint8

// The kinds of types.
const (
	TypeNone TypeKind = iota
	TypeTensor
	TypeSequence
	TypeMap
	TypeOptional
	TypeSparseTensor
	TypeOpaque
)

// Type is a TypeProto.
type Type struct {
	Kind     TypeKind
	Elem     int32 // element type of a tensor, key type of a map
	HasShape bool
	Dims     []Dim
	Item     *Type // element of a sequence or optional, value of a map
}

// Dim is a dimension of a tensor type: a value, a name, or neither.
type Dim struct {
	Value    int64
	Param    string
	HasValue bool
}

// Function is a FunctionProto.
type Function struct {
	Name            string
	Domain          string
	Overload        string
	Inputs          []string
	Outputs         []string
	Attributes      []string     // attributes without a default
	AttributeProtos []*Attribute // attributes with a default
	Nodes           []*Node
	DocString       string
	OpsetImports    []OperatorSet
	ValueInfo       []*ValueInfo
	Metadata        []StringPair
}
