package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// ours is the name under which this project is among the runtimes.
const ours = "gocompile"

// peers are the others, in the order of the columns.
var peers = []string{"onnxruntime", "openvino", "tract"}

// scenarios is what bench_peers.py writes.
type scenarios struct {
	When   string    `json:"when"`
	CPU    string    `json:"cpu"`
	Rounds int       `json:"rounds"`
	Block  float64   `json:"block_s"`
	Load   []float64 `json:"load_avg_start"`
	Rows   []row     `json:"rows"`
}

// row is a runtime in a scenario; times in seconds.
type row struct {
	Scenario string   `json:"scenario"`
	Model    string   `json:"model"`
	Threads  int      `json:"threads"`
	Runtime  string   `json:"backend"`
	Error    any      `json:"error"`
	Info     string   `json:"info"`
	Load     float64  `json:"load_s"`
	First    float64  `json:"first_s"`
	Peak     float64  `json:"rss_mb"`  // after the first run
	Base     float64  `json:"base_mb"` // of the process before the model, of runtimes under Python
	Median   float64  `json:"median_s"`
	Differs  any      `json:"err_vs_ort"` // a number, or why there is none
	Profile  *profile `json:"profile"`
}

// profile is what the worker of this project tells with -profile.
type profile struct {
	Kernels []kernel `json:"kernels"`
	Peak    float64  `json:"peak_flops_per_s"`
	Flops   int64    `json:"flops"`
	Median  float64  `json:"median_s"`
	Floor   float64  `json:"floor_s"`
}

type kernel struct {
	Name  string  `json:"name"`
	Time  float64 `json:"time_s"`
	Share float64 `json:"share"`
	Floor float64 `json:"floor_s"`
}

// setting is when and where bench/growth, bench/throughput and bench/numerics measured.
type setting struct {
	Date      string `json:"date"`
	Processor string `json:"processor"`
	System    string `json:"system"`
	Threads   int    `json:"threads"`
}

// growth is what bench/growth writes.
type growth struct {
	setting
	Axes []axis `json:"axes"`
}

type axis struct {
	Title  string  `json:"title"`
	Model  string  `json:"model"`
	Unit   string  `json:"unit"`
	Points []point `json:"points"`
}

type point struct {
	Size    int `json:"size"`
	Results []struct {
		Runtime string  `json:"runtime"`
		Median  float64 `json:"median_s"`
		Failed  string  `json:"failed"`
	} `json:"results"`
}

// at is the time of a runtime at a point, 0 if it has none.
func (p point) at(runtime string) float64 {
	for _, r := range p.Results {
		if r.Runtime == runtime {
			return r.Median
		}
	}
	return 0
}

// runtimes lists those that have a time somewhere along an axis.
func (a axis) runtimes() []string {
	var list []string
	for _, p := range a.Points {
		for _, r := range p.Results {
			if r.Median > 0 && !slices.Contains(list, r.Runtime) {
				list = append(list, r.Runtime)
			}
		}
	}
	return list
}

// throughput is what bench/throughput writes.
type throughput struct {
	setting
	Models []struct {
		Model string `json:"model"`
		Rates []struct {
			Sessions int                `json:"sessions"`
			Rates    map[string]float64 `json:"runs_per_s"`
		} `json:"rates"`
		Idle []struct {
			Runtime string  `json:"runtime"`
			Share   float64 `json:"share"`
			Failed  string  `json:"failed"`
		} `json:"idle"`
	} `json:"models"`
}

// numerics is what bench/numerics writes.
type numerics struct {
	setting
	Models []struct {
		Model  string             `json:"model"`
		Inputs int                `json:"inputs"`
		Errors map[string]float64 `json:"errors"`
		Left   []string           `json:"left"`
		Failed map[string]string  `json:"failed"`
	} `json:"models"`
}

// read reads a file of JSON; an empty path is nothing.
func read[T any](path string) (*T, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	x := new(T)
	if err := json.Unmarshal(b, x); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}
