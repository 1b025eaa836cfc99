//go:build race

package recurrent

const raceEnabled = true
