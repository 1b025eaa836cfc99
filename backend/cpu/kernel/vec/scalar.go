package vec

import "math"

// The functions below work on float64 values that stand for float32 ones: rounded to float32 their results are within an ULP. They reduce
// arguments and evaluate polynomials as the AVX2 versions do, which keep to float32 and so need a few more corrections.
// Coefficients are minimax fits, lowest power first.

const (
	roundMagic = 3 << 51 // x+roundMagic-roundMagic rounds x to an integer
	trigLimit  = 10000   // up to here, sine and cosine reduce their argument by three words of π/2
	geluU      = 0.35    // of 1/(1+geluU·t), the variable of Mills' ratio
	geluFar    = 15      // from here on, Φ(-t) is 0 in float32
)

// exp is eˣ for a float32 x; what over- or underflows float32 does so when rounded.
func exp(x float64) float64 {
	if x != x {
		return x
	}
	if x < -200 {
		return 0
	}
	x = min(x, 200)
	n := x*math.Log2E + roundMagic - roundMagic
	r := x - n*math.Ln2
	// (eʳ-1-r)/r² for |r| ≤ ln(2)/2
	p := 0.5 + r*(0.16666516661643982+r*(0.04166620224714279+r*(0.008369073271751404+r*0.0013950809370726347)))
	return (1 + r + r*r*p) * math.Float64frombits(uint64(int64(n)+1023)<<52)
}

// log is ln x for a float32 x.
func log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat32:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	const sqrtHalf = 0x3fe6a09e667f3bcd // the bits of √½
	bits := math.Float64bits(x) - sqrtHalf
	n := int64(bits) >> 52
	f := math.Float64frombits(bits&(1<<52-1)+sqrtHalf) - 1
	return float64(n)*math.Ln2 + f + logTail(f)
}

// logTail is ln(1+f)-f for √½ ≤ 1+f ≤ √2.
func logTail(f float64) float64 {
	p := 0.3333331346511841 + f*(-0.25000008940696716+f*(0.2000211924314499+f*(-0.1666799634695053+f*(0.14219552278518677+
		f*(-0.1240558922290802+f*(0.11888162791728973+f*(-0.11675651371479034+f*0.0674663856625557)))))))
	return f * f * (f*p - 0.5)
}

func tanh(x float64) float64 {
	t := math.Abs(x)
	if t < 0.625 {
		z := x * x
		p := -0.3333333134651184 + z*(0.13333195447921753+z*(-0.053945254534482956+z*(0.021691903471946716+
			z*(-0.008154511451721191+z*0.0021211050916463137))))
		return x * (1 + z*p)
	}
	return math.Copysign(1-2/(exp(2*t)+1), x)
}

func sigmoid(x float64) float64 {
	e := exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

func erf(x float64) float64 {
	t := math.Abs(x)
	if t < 1 {
		z := x * x
		p := 0.12837916612625122 + z*(-0.3761262595653534+z*(0.11283591389656067+z*(-0.02685401402413845+
			z*(0.005188613198697567+z*(-0.0008011841564439237+z*7.85647498560138e-05)))))
		return x + x*p
	}
	t = min(t, 4.05)
	// ln(erfc(t))
	p := 0.0001913072046590969 + t*(-1.1295948028564453+t*(-0.633184552192688+t*(-0.10846133530139923+t*(0.02523997239768505+
		t*(-0.0042193313129246235+t*(0.0004455518792383373+t*(-2.2360920411301777e-05+t*4.622495097805768e-08)))))))
	return math.Copysign(1-exp(p), x)
}

// gelu is x·Φ(x). Φ(-t) is the normal density times Mills' ratio, a polynomial in u = 1/(1+geluU·t).
func gelu(x float64) float64 {
	t := math.Abs(x)
	if x <= -geluFar {
		return x * 0
	}
	u := 1 / (1 + geluU*t)
	p := u * (0.13962125778198242 + u*(0.13986432552337646+u*(0.11981556564569473+u*(0.10557453334331512+u*(-0.02326316572725773+
		u*(0.15939189493656158+u*(-0.25590094923973083+u*(0.14406034350395203+u*-0.029163828119635582))))))))
	p *= exp(-0.5 * t * t)
	if x < 0 {
		return x * p
	}
	return x * (1 - p)
}

func geluTanh(x float64) float64 {
	const s = 1.5957691216057308 // √(8/π)
	return x * sigmoid(min(max(s*x*(1+0.044715*x*x), -math.MaxFloat32), math.MaxFloat32))
}

func silu(x, alpha float64) float64 {
	return x * sigmoid(min(max(alpha*x, -math.MaxFloat32), math.MaxFloat32))
}

// softplus is ln(1+eˣ).
func softplus(x float64) float64 {
	u := exp(-math.Abs(x)) // in [0, 1]
	w := 1 + u
	y := log(w)
	if u < 0x1p-12 {
		y = u - u*u/2
	}
	return max(x, 0) + y
}

func sin(x float64) float64 {
	if !(math.Abs(x) <= trigLimit) {
		return math.Sin(x)
	}
	if math.Abs(x) < 0x1p-13 {
		return x // keeps the sign of 0
	}
	return trig(x, 0)
}

func cos(x float64) float64 {
	if !(math.Abs(x) <= trigLimit) {
		return math.Cos(x)
	}
	return trig(x, 1)
}

// trig is sin(x + quarter·π/2).
func trig(x float64, quarter int64) float64 {
	n := x*(2/math.Pi) + roundMagic - roundMagic
	r := x - n*1.5707963705062866 - n*-4.371138828673793e-08 - n*-1.7151245100058819e-15
	z := r * r
	q := int64(n) + quarter
	var y float64
	if q&1 == 0 {
		y = r + r*z*(-0.1666666716337204+z*(0.008333329111337662+z*(-0.00019839315791614354+z*2.7181220048078103e-06)))
	} else {
		y = 1 - z/2 + z*z*(0.0416666679084301+z*(-0.0013888883404433727+z*(2.4799499442451634e-05+z*-2.720847760429024e-07)))
	}
	if q&2 != 0 {
		return -y
	}
	return y
}
