// Kv-memory is a plugin that keeps values in memory.
package main

import (
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/memstore"
	"github.com/tenon-go/tenon/plugin"
)

// A plugin needs nothing but this line. The host starts the process; run by
// hand, the program says what it is.
func main() { plugin.Main(kv.App, kv.ServeStore(&memstore.Store{})) }
