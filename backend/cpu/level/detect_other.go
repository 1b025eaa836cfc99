//go:build !amd64 || noasm

package level

func detect() Level { return Portable }

func detectVNNI() bool { return false }
