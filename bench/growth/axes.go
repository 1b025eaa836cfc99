package main

import "maps"

// axis is a dimension of a model that grows while the others stay.
type axis struct {
	Title string         `json:"title"`
	Model string         `json:"model"`
	Dim   string         `json:"dim"`
	Unit  string         `json:"unit"` // what sizes count
	Fixed map[string]int `json:"fixed"`
	Sizes []int          `json:"-"`
}

var (
	lengths = []int{16, 32, 64, 128, 256, 512, 1024, 2048, 4096}
	batches = []int{1, 2, 4, 8, 16, 32, 64}
)

var axes = []axis{
	{"Transformer decoder, by length", "alibi_decoder_dynamo", "s70", "tokens", map[string]int{"s25": 1, "s69": 0, "s15": 0, "s8": 0, "s68": 0}, lengths},
	{"LSTM language model, by length", "lstm_lm_ts", "seq", "tokens", map[string]int{"batch": 1}, lengths},
	{"GRU classifier, by length", "gru_classifier_ts", "seq", "frames", map[string]int{"batch": 1}, lengths},
	{"Transformer encoder, by batch", "minilm_l6_ts", "batch", "sequences of 128", map[string]int{"seq": 128}, batches},
	{"LSTM classifier, by batch", "lstm_classifier_ts", "batch", "sequences of 100", map[string]int{"seq": 100}, batches},
}

// dims are the dimensions at a size.
func (a axis) dims(size int) map[string]int {
	dims := maps.Clone(a.Fixed)
	dims[a.Dim] = size
	return dims
}
