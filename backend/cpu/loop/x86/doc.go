// Package x86 encodes the machine instructions that loop programs need: AVX2 arithmetic on vectors of eight 32-bit words, and the few
// general ones that a loop over memory takes.
//
// An [Inst] is one instruction, which prints as the Intel manuals write it; a [Buffer] encodes one after another, with labels, and a pool of
// constant vectors behind the code. The room knows bytes: it neither runs them nor chooses them, and builds for every processor.
//
// Opcodes are from the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.
package x86
