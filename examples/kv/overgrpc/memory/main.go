// Kv-memory is the plugin that keeps values in memory, for hosts that speak gRPC
// too.
package main

import (
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/memstore"
	"github.com/tenon-go/tenon/grpcplug"
)

func main() { grpcplug.Main(kv.App, kv.ServeStore(&memstore.Store{})) }
