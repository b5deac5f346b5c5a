// Kv-disk is a plugin that keeps values in a file, with bbolt.
package main

import (
	"context"
	"flag"
	"log/slog"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/plugin"
)

func main() {
	data := flag.String("data", "kv.db", "`file` to keep the values in")
	flag.Parse()
	plugin.MainConfig(config(*data))
}

func config(path string) plugin.Config {
	store := &store{path: path}
	return plugin.Config{
		App:      kv.App,
		Name:     "kv-disk",
		Services: []tenon.Service{kv.ServeStore(store)},

		// What fails here is told to the host, as the reason why the plugin does
		// not start. Run by hand, the program doesn't come so far.
		Init: store.open,

		// The last call was finished, or the host is gone.
		OnStop: func(context.Context) {
			if err := store.close(); err != nil {
				slog.Error("closing", "error", err)
			}
		},
	}
}
