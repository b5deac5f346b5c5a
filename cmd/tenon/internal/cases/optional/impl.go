package optional

import "context"

// Base is a Store without any parts. Size, Lock and Reset are those that others
// add to it.
type Base struct{}

// Get returns key.
func (Base) Get(_ context.Context, key string) (string, error) { return key, nil }

// Old is old.
func (Base) Old(context.Context) (string, error) { return "old", nil }

// Sub returns a Sub.
func (Base) Sub(context.Context, bool) (Sub, error) { return sub{}, nil }

type sub struct{}

func (sub) Name(context.Context) (string, error) { return "sub", nil }

// Size is a Sizer.
type Size struct{}

// Size returns 42.
func (Size) Size(context.Context) (int64, error) { return 42, nil }

// Lock is a Locker.
type Lock struct{}

// Lock does nothing.
func (Lock) Lock(context.Context) error { return nil }

// Unlock does nothing.
func (Lock) Unlock(context.Context) error { return nil }

// Reset is a Resetter.
type Reset struct{}

// Reset does nothing.
func (Reset) Reset(context.Context) error { return nil }

// Closing is a One.
type Closing struct{}

// Close does nothing.
func (Closing) Close() error { return nil }

// Ping is a Pinger.
type Ping struct{}

// Ping does nothing.
func (Ping) Ping(context.Context) error { return nil }
