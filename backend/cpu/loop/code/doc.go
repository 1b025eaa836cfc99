// Package code keeps machine code in memory that can be executed, and calls it.
//
// Memory is writable until the code is in it and executable afterwards, never both. Equal code is kept once a process; it is freed when
// nothing refers to it. Where the system refuses such memory, on other processors than amd64, and under the build tag noasm, [New] is an
// error and its caller does without.
//
// Code is called with the address of its argument in RAX. It may change all registers but RSP, RBP and R14, uses no stack but its return
// address, and ends with the upper halves of vector registers clear. It cannot be interrupted by the scheduler or the garbage collector, so
// a call should take well under a millisecond.
package code
