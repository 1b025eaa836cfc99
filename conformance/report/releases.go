package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/conformance"
)

// reportReleases writes the page about the suites of earlier releases of ONNX.
func reportReleases(rt conformance.Runtime, wheels, out string) error {
	releases, err := conformance.ReadReleases(wheels)
	if err != nil {
		return err
	}
	always, err := readExceptions("conformance/exceptions.txt")
	if err != nil {
		return err
	}
	some, err := readExceptions("conformance/releases.txt")
	if err != nil {
		return err
	}
	var rows strings.Builder
	reasons, where := map[string][]string{}, map[string][]string{} // cases by reason, releases by case
	for _, r := range releases {
		passes, drawn := 0, 0
		for i, err := range run(rt, r.Cases) {
			c := r.Cases[i]
			switch id := c.ID(); {
			case err != nil:
				exceptions := always
				if some[id].Covers(r.Name) {
					exceptions = some
				}
				why := reason(id, err, exceptions)
				where[id] = append(where[id], r.Name)
				if !slices.Contains(reasons[why], id) {
					reasons[why] = append(reasons[why], id)
				}
			case c.Random():
				drawn++
			default:
				passes++
			}
		}
		fmt.Fprintf(&rows, "| %s | %d | %d | %d | %d |\n", r.Name, len(r.Cases), passes, drawn, len(r.Cases)-passes-drawn)
	}
	for _, ids := range reasons {
		for i, id := range ids {
			ids[i] = fmt.Sprintf("%s (%s)", id, strings.Join(where[id], ", "))
		}
	}
	return put(out, releasesPage(rows.String(), reasons))
}

func releasesPage(rows string, reasons map[string][]string) string {
	var b strings.Builder
	b.WriteString("# Earlier releases of ONNX\n\nThe backend test suites that the wheels of earlier releases hold as files, groups node, simple, " +
		"pytorch-converted and pytorch-operator, with\nthe tolerances of the suite. Cases that draw random numbers pass if shape, type and distribution are right. " +
		"`GOCOMPILE_WHEELS=DIR go test\n./conformance` runs them on all runtimes, and checks against the later release what a reason says of it: " +
		"\"values corrected\", that it has other\nvalues for the same model and inputs; \"model corrected\", another model for the same inputs and values. " +
		"This page is written by\n`go run ./conformance/report -wheels DIR`, where DIR holds the wheels.\n\n" +
		"| release | cases | pass by value | pass by distribution | do not pass |\n|---|---:|---:|---:|---:|\n")
	b.WriteString(rows)
	writeReasons(&b, reasons)
	return b.String()
}
