// Package pages advises the system on the pages of memory that is read from beginning to end, again and again: packed weights, intermediate
// values, caches. Nothing but speed depends on what it does.
package pages

// Large is the number of bytes from which advice is worth its call.
const Large = 1 << 20
