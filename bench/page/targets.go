package main

import "strings"

// target is the ratio of our median to the best peer's that a scenario is to reach, 1 where the table says nothing.
func target(scenario string) float64 {
	for _, t := range targets {
		if strings.HasPrefix(scenario, t.scenario) {
			return t.ratio
		}
	}
	return 1
}

// The first row whose beginning fits counts.
var targets = []struct {
	scenario string
	ratio    float64
}{
	{"minilm 1x16", 0.75},
	{"minilm 1x128", 0.80},
	{"minilm 32x128", 0.80},
	{"minilm_int8", 0.90},
	{"bert_base_int8", 0.90},
	{"bert_base", 0.85},
	{"seed_transformer", 0.85},
	{"smollm2 prefill", 0.85},
	{"smollm2 decode", 0.75},
	{"smollm2_genai_fp32", 0.85},
	{"smollm2_genai_int4", 0.70},
	{"whisper_base_encoder", 0.85},
	{"silero_vad", 0.50},
	{"lstm_classifier 1x100", 0.75},
	{"lstm_classifier 32x100", 0.85},
	{"gru_classifier 1x100", 0.75},
	{"gru_classifier 32x100", 0.85},
	{"lstm_lm 1x256", 0.88},
	{"gru_lm 1x256", 0.88},
	{"lstm_lm 1x1", 0.95},
	{"gru_lm 1x1", 0.95},
}

const (
	loadTarget   = 0.25 // of onnxruntime's time
	memoryTarget = 0.70 // of onnxruntime's
)
