package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

func normalize(u *unit) {
	for _, v := range []struct {
		name, params, formula string
		scale, bias           bool
	}{
		{"normalize", "", "(x[i]-c)·k", false, false},
		{"normalizeScale", ", scale *float32", "(x[i]-c)·k·scale[i]", true, false},
		{"normalizeBias", ", bias *float32", "(x[i]-c)·k+bias[i]", false, true},
		{"normalizeBoth", ", scale, bias *float32", "(x[i]-c)·k·scale[i]+bias[i]", true, true},
	} {
		u.function(v.name, "(dst, x *float32, n int, c, k float32"+v.params+")", v.name+u.name+": for i := range n { dst[i] = "+v.formula+" }")
		dst, x, n, c, k := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64()), u.param("c"), u.param("k")
		pointers := []Register{dst, x}
		var scale, bias Register
		if v.scale {
			scale = Load(Param("scale"), GP64())
			pointers = append(pointers, scale)
		}
		if v.bias {
			bias = Load(Param("bias"), GP64())
			pointers = append(pointers, bias)
		}
		u.loop(n, pointers, 2, func(b *block) {
			d, factor := u.Sub(b.load(x), c), Register(k)
			if scale != nil {
				d, factor = u.Mul(d, k), b.load(scale)
			}
			if bias == nil {
				b.store(u.Mul(d, factor), dst)
				return
			}
			u.MulAdd(d, factor, b.load(bias))
			b.store(d, dst)
		})
		finish()
	}
}
