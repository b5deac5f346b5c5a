package scenario

import (
	"context"
	"fmt"
	"time"
)

// NoSuchOption is what a host says that cannot be told to multiplex its broker.
const NoSuchOption = "this version has no ClientConfig.GRPCBrokerMultiplex"

// Patience is how long a host may take for each step of a probe. A host that
// takes longer hangs.
const Patience = 16 * time.Second

// StartTimeout is what hosts are given for the start of a faulty plugin: well
// below Patience, so that one that gives up in time is not taken for one that hangs.
const StartTimeout = Patience / 2

// An Outcome is what became of a plugin that may be faulty.
type Outcome struct {
	Step   string // that failed; empty if all went well
	Why    string
	Err    error         `json:"-"` // of which Why is the text
	Causes []string      // of Err
	Took   time.Duration // that step, or the longest one
	Slow   string        // the longest step
	Hung   bool
}

// Probe runs a plugin that may be faulty: starts it, pings and calls it, dials id
// by way of the broker if it is not 0, and stops it.
func Probe(ctx context.Context, start Starter, id uint32) (o Outcome) {
	var x *Session
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{Start, func(ctx context.Context) (err error) { x, err = start(ctx); return err }},
		{"ping", func(ctx context.Context) error { return x.Ping(ctx) }},
		{"call", func(ctx context.Context) error { return Hello(ctx, x) }},
		{"dial", func(ctx context.Context) error { return dialUnserved(ctx, x, id) }},
		{"stop", func(context.Context) error { return x.Stop() }},
	}
	for _, s := range steps {
		began := time.Now()
		err, hangs := within(ctx, s.run)
		took := time.Since(began)
		if err != nil || hangs {
			if !hangs && s.name != Start {
				within(ctx, func(context.Context) error { x.Kill(); return nil })
			}
			return Outcome{Step: s.name, Why: fmt.Sprint(err), Err: err, Causes: Causes(err), Took: took, Slow: s.name, Hung: hangs}
		}
		if took > o.Took {
			o.Took, o.Slow = took, s.name
		}
	}
	return o
}

func within(ctx context.Context, run func(context.Context) error) (err error, hangs bool) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	select {
	case err := <-done:
		return err, false
	case <-ctx.Done():
	}
	// Who keeps to the context gets a moment to say so.
	select {
	case err := <-done:
		return err, false
	case <-time.After(time.Second):
		return nil, true
	}
}

// dialUnserved calls what nobody serves, because go-plugin may find that out only
// then. It sets no deadline for the dialling: both brokers have one of their own.
func dialUnserved(ctx context.Context, x *Session, id uint32) error {
	if id == 0 {
		return nil
	}
	cc, done, err := x.Broker.Dial(context.WithoutCancel(ctx), id)
	if err != nil {
		return err
	}
	defer done()
	_, err = Invoke(ctx, cc, backName+"/Ask", "")
	return err
}
