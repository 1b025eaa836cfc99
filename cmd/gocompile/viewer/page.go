// Package viewer writes a model's graph before and after the passes as one page that needs nothing else: both side by side, each node linked with what it
// became or was made of. The libraries that draw are embedded; their licences stand beside them in web/vendor and in every page.
package viewer

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

//go:embed web
var web embed.FS

// Page is what is shown.
type Page struct {
	Title  string
	About  []string       // lines beside the title
	Before *ir.Graph      // as imported
	After  *ir.Graph      // after passes that filled in Report
	Report *passes.Report // of these passes
}

// data is what the script of the page gets.
type data struct {
	Before graph            `json:"before"`
	After  graph            `json:"after"`
	Found  []passes.Finding `json:"found"`
	Missed []passes.Miss    `json:"missed"`
}

// Write writes the page.
func Write(w io.Writer, p Page) error {
	before, after := graphOf(p.Before, number), graphOf(p.After, origin)
	if n := len(p.Report.Imported()); n != before.numbered {
		return fmt.Errorf("the graph before the passes has %d nodes, the report knows %d", before.numbered, n)
	}
	text, err := json.Marshal(data{before, after, append([]passes.Finding{}, p.Report.Found()...), p.Report.Missed()}) // with < and > escaped, as a page needs it
	if err != nil {
		return err
	}
	t, err := template.ParseFS(web, "web/page.html")
	if err != nil {
		return err
	}
	values := map[string]any{"Title": p.Title, "About": p.About, "Data": template.JS(text)}
	for name, file := range map[string]string{"Script": "app.js", "Cytoscape": "vendor/cytoscape.min.js", "Dagre": "vendor/dagre.min.js"} {
		b, err := web.ReadFile("web/" + file)
		if err != nil {
			return err
		}
		values[name] = template.JS(b)
	}
	style, err := web.ReadFile("web/app.css")
	if err != nil {
		return err
	}
	values["Style"] = template.CSS(style)
	for name, file := range map[string]string{"CytoscapeLicence": "cytoscape.LICENSE", "DagreLicence": "dagre.LICENSE"} {
		b, err := web.ReadFile("web/vendor/" + file)
		if err != nil {
			return err
		}
		values[name] = string(b)
	}
	return t.Execute(w, values)
}
