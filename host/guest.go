package host

import (
	"context"
	"time"

	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/process"
)

// A child is a runner: a process.
type child struct{ *process.Process }

func (c child) kill()                 { c.KillTree() }
func (c child) outcome() process.Exit { return c.Exit() }
func (c child) failure() error        { return nil }
func (c child) pid() int              { return c.Pid() }

// A guest is a runner: a plugin in this process. There is no force that ends it.
type guest struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when exit and err are set
	exit   process.Exit
	err    error // what serve returned
}

func startGuest(serve func(context.Context, carrier.Carrier) error, c carrier.Carrier) *guest {
	ctx, cancel := context.WithCancel(context.Background())
	g := &guest{cancel: cancel, done: make(chan struct{})}
	g.exit.Started = time.Now()
	go func() {
		defer close(g.done)
		defer cancel()
		// Whatever serve does, the host must not wait for an answer.
		defer c.Close()
		g.err = serve(ctx, c)
		g.exit.Ended = time.Now()
		if g.err != nil {
			g.exit.Code = 1
		}
	}()
	return g
}

func (g *guest) Done() <-chan struct{} { return g.done }
func (g *guest) terminate()            { g.cancel() }
func (g *guest) kill()                 { g.cancel() }
func (g *guest) pid() int              { return 0 }

func (g *guest) ending() string { return "what serves it returned" }

func (g *guest) outcome() process.Exit {
	<-g.done
	return g.exit
}

func (g *guest) failure() error {
	<-g.done
	return g.err
}
