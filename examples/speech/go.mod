module github.com/gocompile/gocompile/examples/speech

go 1.26.0

require (
	github.com/gocompile/gocompile v0.0.0-20261125195116-6c79198e293c
	github.com/gopxl/beep/v2 v2.1.1
)

require (
	github.com/klauspost/cpuid/v2 v2.4.2 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/gocompile/gocompile => ../..
