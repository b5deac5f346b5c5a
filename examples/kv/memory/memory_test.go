package main

import (
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/memstore"
	"github.com/tenon-go/tenon/examples/kv/kvtest"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){"memory": main})
}

func TestInProcess(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Store {
		return open(t, tenontest.Pair(t,
			host.Config{Services: kvtest.Services()},
			plugin.Config{App: kv.App, Services: []tenon.Service{kv.ServeStore(&memstore.Store{})}}))
	})
}

func TestProcess(t *testing.T) {
	kvtest.Run(t, func(t *testing.T) kv.Store {
		return open(t, tenontest.Start(t, host.Config{
			App: kv.App, Cmd: tenontest.Command(t, "memory"), Services: kvtest.Services(),
		}))
	})
}

func open(t *testing.T, p *host.Plugin) kv.Store {
	store, err := kv.OpenStore(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// TestLacksCompact shows that a type assertion tells which optional methods the
// other side has.
func TestLacksCompact(t *testing.T) {
	p := tenontest.Serve(t, kv.App, kv.ServeStore(&memstore.Store{}))
	if _, ok := open(t, p).(kv.Compacter); ok {
		t.Error("a store in memory can be compacted")
	}
}
