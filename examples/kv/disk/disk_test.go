package main

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/kvtest"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){"disk": main})
}

func TestInProcess(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Store {
		cfg := config(filepath.Join(t.TempDir(), "kv.db"))
		return open(t, tenontest.Pair(t, host.Config{Services: kvtest.Services()}, cfg))
	})
}

func TestProcess(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Store {
		return open(t, start(t, filepath.Join(t.TempDir(), "kv.db")))
	})
}

func start(t *testing.T, data string) *host.Plugin {
	return tenontest.Start(t, host.Config{
		App: kv.App, Cmd: tenontest.Command(t, "disk", "-data", data), Services: kvtest.Services(),
	})
}

func open(t *testing.T, p *host.Plugin) kv.Store {
	store, err := kv.OpenStore(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestKilled kills the plugin while it imports: the call fails with what became
// of the plugin, and the next one to open the file finds it as it was.
func TestKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "kv.db")
	p := start(t, data)
	store := open(t, p)
	if err := store.Put(t.Context(), "a", []byte("before")); err != nil {
		t.Fatal(err)
	}
	_, err := store.Import(t.Context(), "a", killer{p})
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("got %v", err)
	}
	<-p.Done()
	store = open(t, start(t, data))
	if got, err := store.Get(t.Context(), "a"); string(got) != "before" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := store.(kv.Compacter).Compact(t.Context()); err != nil {
		t.Error(err)
	}
}

// A killer is an endless reader that kills the plugin that reads from it.
type killer struct{ p *host.Plugin }

func (k killer) Read(b []byte) (int, error) {
	k.p.Kill()
	return len(b), nil
}

// TestCannotOpen shows what a host gets to see of an Init that fails.
func TestCannotOpen(t *testing.T) {
	_, err := host.Start(t.Context(), host.Config{
		App: kv.App, Cmd: tenontest.Command(t, "disk", "-data", t.TempDir()),
	})
	var start *host.StartError
	if !errors.As(err, &start) || start.Stage != host.StageInit {
		t.Errorf("got %v", err)
	}
	t.Log(err)
}
