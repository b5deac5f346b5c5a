package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/rpc"
	"strings"
	"sync"

	"google.golang.org/grpc"
)

// A Session is a plugin that runs, whoever its host is.
type Session struct {
	CC      grpc.ClientConnInterface
	Broker  Broker
	RPC     *rpc.Client // with net/rpc, in place of both
	Mux     MuxBroker
	Version int
	Ping    func(context.Context) error
	Stop    func() error // in good order
	Kill    func()       // without; it waits for the end
	Crashed func() error // waits until the host knows of the end, and judges what it says; may be nil

	Reattach func() (*Session, error) // starts a further plugin, and reattaches to it; with net/rpc only

	Host any // what checks of one host only need; may be nil

	Out, Errs, Log *Lines // the plugin's output; the log is the host's too
}

// Lines is text that comes in while a test waits for it.
type Lines struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{} // closed when there is more
}

// Write implements io.Writer.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return l.b.Write(p)
}

func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *Lines) await(ctx context.Context, what string) error {
	if !l.awaitThat(ctx, func() bool { return strings.Contains(l.b.String(), what) }) {
		return errors.New(what + " has not come, but " + l.String())
	}
	return nil
}

func (l *Lines) awaitLength(ctx context.Context, n int) error {
	if !l.awaitThat(ctx, func() bool { return l.b.Len() >= n }) {
		return fmt.Errorf("%d bytes have come, not %d", len(l.String()), n)
	}
	return nil
}

func (l *Lines) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// awaitThat waits until what is so, which it asks with the lock held.
func (l *Lines) awaitThat(ctx context.Context, what func() bool) bool {
	for {
		l.mu.Lock()
		there := what()
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		if there {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// Facts are what checks have to know of a pair of host and plugin.
type Facts struct {
	BrokerOff bool
	Contract  bool // the plugin is Tenon's, and has a contract
	NetRPC    bool // RPCChecks are made, and not Checks
	Own       bool // host and plugin have certificates of their own
	MaxSend   int  // bytes of a request that the plugin takes
}

// Checks are those that can be made, the further ones among them: on one plugin, at its end, and on one each.
func (f Facts) Checks(more ...Check) (on []Check, stop Check, ends []Check) {
	all, stop, ends := Checks, Check{Name: "stop", Run: checkStop}, grpcEnds
	if f.NetRPC {
		all, stop.Run, ends = RPCChecks, rpcStop, rpcEnds
	}
	for _, c := range append(all[:len(all):len(all)], more...) {
		if (!f.BrokerOff || !c.Broker) && (f.Contract || !c.Contract) && (f.Own || !c.Own) {
			on = append(on, c)
		}
	}
	return on, stop, ends
}

// A Report is what came of a check.
type Report struct {
	Check string
	Why   string `json:",omitempty"` // empty: all is well
}

// A Starter starts a plugin and connects to it.
type Starter func(context.Context) (*Session, error)

// Start is the name of the check that is made before all others.
const Start = "start"

// Run makes all checks that can be made, and then the further ones, each on a plugin
// that start started if it is to end otherwise than in good order. A check that depends on
// one that failed fails for the same reason.
func Run(ctx context.Context, start Starter, f Facts, report func(Report), more ...Check) {
	x, err := start(ctx)
	if err != nil {
		report(Report{Start, err.Error()})
		return
	}
	report(Report{Check: Start})
	on, stop, ends := f.Checks(more...)
	for _, c := range append(on, stop) {
		report(result(c.Name, c.Run(ctx, x, f), x))
	}
	x.Kill()
	for _, c := range ends {
		x, err := start(ctx)
		if err == nil {
			err = c.Run(ctx, x, f)
			x.Kill()
		}
		report(result(c.Name, err, x))
	}
}

func result(name string, err error, x *Session) Report {
	if err == nil {
		return Report{Check: name}
	}
	why := err.Error()
	if x != nil {
		why += "\nlog: " + x.Log.String() + "\nstderr: " + x.Errs.String()
	}
	return Report{name, why}
}
