package grpcplug

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// An attempt is the start of one plugin, from the host's side.
type attempt struct {
	cfg   Protocol
	wish  wish
	own   tls.Certificate // of AutoMTLS
	place *place          // of the broker's listeners
	dir   *private        // for all sockets; nil if the plugin runs already
	limit int

	limits   tenon.Limits
	services []tenon.Service
}

func (p Protocol) prepare(l protocol.Launch) (*attempt, error) {
	a := &attempt{cfg: p, limit: limit(l.Limits), limits: l.Limits, services: l.Services}
	a.wish = wish{
		versions: l.App.Supported(), multiplex: p.Multiplex, group: p.SocketGroup,
		minPort: p.MinPort, maxPort: p.MaxPort,
	}
	if a.wish.minPort == 0 && a.wish.maxPort == 0 {
		a.wish.minPort, a.wish.maxPort = defaultMinPort, defaultMaxPort
	}
	if p.AutoMTLS {
		var err error
		if a.own, err = newCertificate(); err != nil {
			return nil, err
		}
		a.wish.cert = toPEM(a.own)
	}
	if !l.Runs {
		// go-plugin's own hosts name no directory, and leave the sockets of plugins
		// that were killed where they are.
		var err error
		a.dir, err = makePrivate(p.SocketDir, p.SocketGroup)
		switch {
		case err == nil:
			a.wish.dir = a.dir.path
		case p.SocketDir != "" || p.SocketGroup != "":
			return nil, err
		}
		// Without a directory for temporary files a plugin may still use TCP, or
		// know another.
	}
	a.place = newPlace("", a.wish)
	a.place.parent = p.SocketDir
	return a, nil
}

// swept are the directories that this process has looked through as a host.
var swept sync.Map

// Env implements protocol.Attempt.
func (a *attempt) Env() []string { return a.wish.env() }

// Speaks implements protocol.Attempt.
func (a *attempt) Speaks(name string) bool { return name == handshake.GRPC }

// Close implements protocol.Attempt.
func (a *attempt) Close() {
	a.place.remove()
	if a.dir == nil {
		return
	}
	a.dir.remove()
	// At the end, where nobody waits for something to start; and once, since a host
	// that lives leaves nothing.
	if _, was := swept.LoadOrStore(filepath.Dir(a.dir.path), true); !was {
		a.dir.sweep(after(20 * time.Millisecond))
	}
}

// Connect implements protocol.Attempt.
func (a *attempt) Connect(ctx context.Context, line handshake.Line, with protocol.Setup) (protocol.Conn, error) {
	o := &options{
		limit: a.limit, crash: with.CrashOnPanic, dial: a.cfg.DialOptions, server: a.cfg.ServerOptions,
		addresses: a.cfg.Addresses,
	}
	var err error
	if o.tls, err = a.Trust(line); err != nil {
		return nil, err
	}
	if line.Network, line.Address, err = o.toHost(line.Network, line.Address); err != nil {
		return nil, err
	}
	if a.cfg.Multiplex && !line.Multiplex {
		return nil, &Error{Problem: NoMultiplex}
	}
	c := newHostConn(o, with)
	if err := c.open(ctx, a, line); err != nil {
		return nil, err
	}
	return c, nil
}

// Trust returns how to prove, and to have proven, who is there: nil if that is
// not asked for.
func (a *attempt) Trust(line handshake.Line) (*tls.Config, error) {
	switch {
	case a.cfg.AutoMTLS && line.Certificate == nil:
		return nil, &Error{Problem: NoCertificate}
	case a.cfg.AutoMTLS:
		pool, err := poolOfDER(line.Certificate)
		if err != nil {
			return nil, err
		}
		return mutual(a.own, pool), nil
	case a.cfg.TLS != nil:
		return withAuthority(a.cfg.TLS.Clone(), line.Certificate)
	case line.Certificate != nil:
		return nil, &Error{Problem: UnwantedCertificate}
	}
	return nil, nil
}

// withAuthority trusts the certificate of the handshake, if there is one and c does
// not say whom to trust: it comes from the process that this one has started.
func withAuthority(c *tls.Config, der []byte) (*tls.Config, error) {
	if der == nil || c.RootCAs != nil {
		return c, nil
	}
	pool, err := poolOfDER(der)
	if err != nil {
		return nil, err
	}
	c.RootCAs = pool
	return c, nil
}

// offered returns what the host offers in a version.
func (a *attempt) offered(version int) []tenon.Service {
	return slices.DeleteFunc(slices.Clone(a.services), func(s tenon.Service) bool {
		return len(s.Versions) > 0 && !slices.Contains(s.Versions, version)
	})
}

// whereabouts is an address for messages.
func whereabouts(network, address string) string { return fmt.Sprintf("%s %s", network, address) }

// guard refuses to dial when the plugin is gone: whoever is there then is
// somebody else.
func guard(gone <-chan struct{}, dial dialer) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		select {
		case <-gone:
			return nil, errGone
		default:
		}
		return dial(ctx)
	}
}
