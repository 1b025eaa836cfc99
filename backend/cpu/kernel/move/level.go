package move

import "github.com/gocompile/gocompile/backend/cpu/level"

// use is the level whose kernels are called. An error of the choice is reported by those that make programs.
var use, _ = level.Current()
