//go:build amd64 && !noasm && (unix || windows)

#include "textflag.h"

// func call(code, argument unsafe.Pointer)
TEXT ·call(SB), NOSPLIT, $0-16
	MOVQ code+0(FP), CX
	MOVQ argument+8(FP), AX
	CALL CX
	RET
