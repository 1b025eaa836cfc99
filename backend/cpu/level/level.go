// Package level decides, once for the process, which processor instructions the kernels of the CPU back end may use.
//
// The room holds the list of levels and the choice; kernels and what they do with a level live elsewhere.
package level

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Variable is the environment variable that forces a level, for tests and to reproduce a fault: portable, avx2 or avx512.
const Variable = "GOCOMPILE_CPU"

// Level names a set of processor instructions. Levels are ordered: a processor that runs one runs all lower ones.
type Level uint8

const (
	// Portable is plain Go, on every processor.
	Portable Level = iota
	// AVX2 is AVX2 with FMA3, F16C and BMI2 on amd64.
	AVX2
	// AVX512 is AVX-512 F, BW, DQ and VL on amd64.
	AVX512
)

var names = [...]string{Portable: "portable", AVX2: "avx2", AVX512: "avx512"}

// String is the name that Variable knows.
func (l Level) String() string {
	if int(l) < len(names) {
		return names[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// VNNI tells whether kernels of the level may add four products of bytes at once: on AVX512 where this processor and build have AVX512-VNNI too.
func (l Level) VNNI() bool { return l >= AVX512 && vnni() }

// Parse is the level of a name.
func Parse(name string) (Level, error) {
	for i, n := range names {
		if name == n {
			return Level(i), nil
		}
	}
	return Portable, fmt.Errorf("unknown CPU level %q: want one of %s", name, strings.Join(names[:], ", "))
}

// Highest is the best level that this processor and this build can run, whatever Variable says.
func Highest() Level { return highest() }

// Current is the level to use: Highest, or the one that Variable asks for. It is decided at the first call. The error
// says that Variable holds an unknown name or a level that this processor or build cannot run; the level is then Portable.
func Current() (Level, error) { return current() }

var (
	highest = sync.OnceValue(detect)
	vnni    = sync.OnceValue(detectVNNI)
	current = sync.OnceValues(func() (Level, error) { return decide(os.Getenv(Variable), highest()) })
)

func decide(asked string, best Level) (Level, error) {
	if asked == "" {
		return best, nil
	}
	l, err := Parse(asked)
	if err != nil {
		return Portable, fmt.Errorf("%s: %w", Variable, err)
	}
	if l > best {
		return Portable, fmt.Errorf("%s=%s: this processor and build run at most level %s", Variable, l, best)
	}
	return l, nil
}
