package export

import (
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// The versions of ai.onnx that models are written in.
const (
	MinOpset     = 18 // the oldest one
	MaxOpset     = 28 // the newest one
	DefaultOpset = 24 // where no operator needs a newer one
)

// mlOpset is the version of ai.onnx.ml.
const mlOpset = 5

const (
	microsoft = "com.microsoft"
	learning  = "ai.onnx.ml"
)

// since lists operators that are not in all versions from MinOpset on, or that were written in another way before.
var since = map[string]int{
	"AffineGrid": 20, "Attention": 23, "BitCast": 26, "CumProd": 26, "DeformConv": 19, "Gelu": 20, "GroupNormalization": 21,
	"ImageDecoder": 20, "LinearAttention": 27, "RMSNormalization": 23, "RegexFullMatch": 20, "RotaryEmbedding": 23, "StringConcat": 20,
	"StringSplit": 20, "Swish": 24, "TensorScatter": 24,
}

// sinceElem lists element types that are not in all versions.
var sinceElem = map[tensor.DType]int{
	tensor.Float8E4M3FN: 19, tensor.Float8E4M3FNUZ: 19, tensor.Float8E5M2: 19, tensor.Float8E5M2FNUZ: 19, tensor.Int4: 21, tensor.Uint4: 21,
	tensor.Float4E2M1: 23, tensor.Float8E8M0: 24, tensor.Int2: 25, tensor.Uint2: 25, tensor.Float6E2M3: 28, tensor.Float6E3M2: 28,
}

// sinceTypes lists element types that operators took later than others.
var sinceTypes = typeTable(
	typeRow{20, "ReduceMax ReduceMin", []tensor.DType{tensor.Bool}},
	typeRow{20, "IsInf", []tensor.DType{tensor.Float16, tensor.BFloat16}},
	typeRow{20, "ConstantOfShape", []tensor.DType{tensor.BFloat16}},
	typeRow{19, "Equal", []tensor.DType{tensor.String}},
	typeRow{19, "DequantizeLinear QuantizeLinear", []tensor.DType{tensor.Float16, tensor.BFloat16}},
	typeRow{21, "QLinearMatMul", []tensor.DType{tensor.Float16, tensor.BFloat16}},
	typeRow{21, "DequantizeLinear QuantizeLinear", []tensor.DType{tensor.Int16, tensor.Uint16}},
	typeRow{22, "Acos Acosh Asin Asinh Atan Atanh AveragePool Conv ConvTranspose Cos Cosh DeformConv Det Elu EyeLike GRU GridSample HardSigmoid HardSwish " +
		"InstanceNormalization LSTM LpPool MaxPool MaxRoiPool MaxUnpool Mish Multinomial RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike " +
		"RoiAlign Round Selu Sin Sinh Softplus Softsign Tan ThresholdedRelu", []tensor.DType{tensor.BFloat16}},
	typeRow{24, "SplitToSequence TopK", []tensor.DType{tensor.BFloat16}},
	typeRow{27, "Range", []tensor.DType{tensor.Float16, tensor.BFloat16}},
	typeRow{28, "Compress Einsum OneHot ReverseSequence Unique", []tensor.DType{tensor.BFloat16}},
	typeRow{28, "Celu", []tensor.DType{tensor.Float16, tensor.BFloat16, tensor.Float64}},
	typeRow{28, "BitShift", []tensor.DType{tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64}},
)

type typeRow struct {
	opset int
	ops   string
	elems []tensor.DType
}

type opElem struct {
	op   string
	elem tensor.DType
}

func typeTable(rows ...typeRow) map[opElem]int {
	t := map[opElem]int{}
	for _, r := range rows {
		for _, op := range strings.Fields(r.ops) {
			for _, d := range r.elems {
				t[opElem{op, d}] = r.opset
			}
		}
	}
	return t
}

// needElem says that an operator has an operand or a result of a type.
func (m *model) needElem(op string, d tensor.DType) {
	if n, ok := sinceTypes[opElem{op, d}]; ok {
		m.need(n, op+" of "+d.String())
	}
}

// formats is the oldest version of the file format for each version of ai.onnx from MinOpset on.
var formats = [...]int64{8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14}

// newest is the newest version that may be used.
func (m *model) newest() int {
	if m.options.Opset > 0 {
		return m.options.Opset
	}
	return MaxOpset
}

// has reports whether a version may be used.
func (m *model) has(opset int) bool { return opset <= m.newest() }

// need says that the model uses something that came with a version.
func (m *model) need(opset int, what string) {
	if !m.has(opset) && m.late == nil {
		m.late = fmt.Errorf("%s needs opset %d", what, opset)
	}
	m.opset = max(m.opset, opset)
}

// needType says that there is a value of a type.
func (m *model) needType(t ir.Type) {
	if n, ok := sinceElem[t.Elem]; ok {
		m.need(n, "element type "+t.Elem.String())
	}
	if t.Item != nil {
		m.needType(*t.Item)
	}
}

// version is that of the finished model: the one that was asked for, or else the oldest from DefaultOpset on that has all that is used.
func (m *model) version() int {
	if m.options.Opset > 0 {
		return m.options.Opset
	}
	return max(m.opset, DefaultOpset)
}
