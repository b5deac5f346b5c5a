package overgrpc

import (
	"os"
	"testing"

	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/memstore"
	"github.com/tenon-go/tenon/examples/kv/kvtest"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

func TestMain(m *testing.M) {
	tenontest.Main(m, map[string]func(){"memory": func() {
		os.Unsetenv("TENON_PLUGIN") // two Tenon sides would choose Tenon's own protocol
		grpcplug.Main(kv.App, kv.ServeStore(&memstore.Store{}))
	}})
}

func TestStore(t *testing.T) {
	for name, p := range map[string]grpcplug.Protocol{
		"sockets": {}, "multiplexed": {Multiplex: true}, "AutoMTLS": {AutoMTLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			kvtest.Run(t, func(t *testing.T) kv.Store {
				plugin := tenontest.Start(t, host.Config{
					App: kv.App, Cmd: tenontest.Command(t, "memory"), Services: kvtest.Services(),
					Protocols: []host.Protocol{p},
				})
				if plugin.Info().Protocol != "grpc" {
					t.Fatalf("they speak %s", plugin.Info().Protocol)
				}
				store, err := kv.OpenStore(t.Context(), plugin)
				if err != nil {
					t.Fatal(err)
				}
				return store
			})
		})
	}
}
