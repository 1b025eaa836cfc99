package peer

import (
	"encoding/json"
	"io"
	"runtime"
	"time"

	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/internal/machine"
)

// Setting says when and where something was measured.
type Setting struct {
	Date      string `json:"date"`
	Processor string `json:"processor"`
	System    string `json:"system"`
	Threads   int    `json:"threads"` // of each runtime
}

// Here is the setting of this moment and machine.
func Here(threads int) Setting {
	return Setting{Date: time.Now().Format(time.DateOnly), Processor: machine.Processor(), System: runtime.GOOS + "/" + runtime.GOARCH, Threads: threads}
}

// writeJSON writes what was measured.
func writeJSON(path string, measured any) error {
	return file.Replace(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(measured)
	})
}
