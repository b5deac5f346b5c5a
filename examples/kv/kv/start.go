package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/host"
)

// command returns the command that starts the plugin called name.
func command(name, data string) (*exec.Cmd, error) {
	switch name {
	case "memory":
		return exec.Command(find("kv-memory")), nil
	case "disk":
		return exec.Command(find("kv-disk"), "-data", data), nil
	}
	return nil, fmt.Errorf("there is no plugin called %q, only memory and disk", name)
}

// find looks for a program beside this one. If it isn't there, exec.Command
// looks for it as a shell does, and host.Start says if it finds nothing.
func find(program string) string {
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	self, err := os.Executable()
	if err != nil {
		return program
	}
	beside := filepath.Join(filepath.Dir(self), program)
	if _, err := os.Stat(beside); err != nil {
		return program
	}
	return beside
}

// start starts a plugin, and returns it with the store that it is. Whoever calls
// it stops the plugin.
func start(ctx context.Context, cfg host.Config) (*host.Plugin, kv.Store, error) {
	cfg.App = kv.App
	p, err := host.Start(ctx, cfg)
	if err != nil {
		return nil, nil, err // a *host.StartError, which says what to do about it
	}
	store, err := kv.OpenStore(ctx, p)
	if err != nil {
		return nil, nil, errors.Join(err, p.Stop(ctx))
	}
	return p, store, nil
}

// A clock is the service that this program offers to its plugins.
type clock struct{ now func() time.Time }

// Now implements kv.Clock.
func (c clock) Now(context.Context) (time.Time, error) { return c.now(), nil }

func serveClock(now func() time.Time) []tenon.Service {
	return []tenon.Service{kv.ServeClock(clock{now})}
}
