package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/tensor"
)

// opponent is another runtime on the same inputs.
type opponent struct {
	worker *peer.Worker
	folder string // of the inputs
	ready  peer.Ready
	times  []float64
}

// challenge starts onnxruntime.
func challenge(ctx context.Context, python, model string, named map[string]tensor.Value, threads int) (*opponent, error) {
	dir, err := os.MkdirTemp("", "gocompile")
	if err != nil {
		return nil, err
	}
	o := &opponent{folder: dir}
	if err := inputs.WriteFolder(dir, slices.Sorted(maps.Keys(named)), named); err != nil {
		return nil, errors.Join(err, o.close())
	}
	if o.worker, err = peer.Start(ctx, peer.Onnxruntime(python), peer.Task{Model: model, Inputs: dir, Threads: threads}); err != nil {
		return nil, errors.Join(err, o.close())
	}
	if o.ready, err = o.worker.Ready(); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *opponent) measure(n int, budget time.Duration) error {
	times, err := o.worker.Run(n, budget)
	o.times = append(o.times, times...)
	return err
}

func (o *opponent) result() (*rival, error) {
	mb, err := o.worker.Quit()
	if err != nil {
		return nil, err
	}
	r := &rival{Name: o.ready.Info, timing: timing{Load: o.ready.Load, First: o.ready.First, Memory: int64(mb * (1 << 20))}}
	r.take(o.times)
	return r, nil
}

func (o *opponent) close() error {
	if o.worker != nil {
		o.worker.Kill()
	}
	return os.RemoveAll(o.folder)
}
