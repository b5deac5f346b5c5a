package link

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/tenon-go/tenon"
)

// A Gate holds calls back until the side that serves them is complete. The
// other side may call as soon as it has the hello, and the connection that the
// handler is to be given, or the log that it writes to, comes only after that.
type Gate struct {
	open   atomic.Bool // spares the calls of a long life the channel
	opened chan struct{}
}

// NewGate returns a gate that is closed.
func NewGate() *Gate { return &Gate{opened: make(chan struct{})} }

// Open lets the calls go on. It is called once.
func (g *Gate) Open() {
	g.open.Store(true)
	close(g.opened)
}

// Guard returns the services with the gate in front of each.
func (g *Gate) Guard(services []tenon.Service) []tenon.Service {
	services = slices.Clone(services)
	for i := range services {
		services[i].Server = guarded{services[i].Server, g}
	}
	return services
}

type guarded struct {
	tenon.Server
	gate *Gate
}

func (s guarded) ServeCall(ctx context.Context, method int, stream tenon.Stream) error {
	if !s.gate.open.Load() {
		<-s.gate.opened
	}
	return s.Server.ServeCall(ctx, method, stream)
}
