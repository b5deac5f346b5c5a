package emptyiface

import "context"

// Nothing does nothing.
func (Echo) Nothing() {}

// Ctx does nothing.
func (Echo) Ctx(context.Context) {}

// Err does nothing.
func (Echo) Err() error { return nil }

// Both does nothing.
func (Echo) Both(context.Context) error { return nil }
