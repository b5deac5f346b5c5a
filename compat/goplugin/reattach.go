package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/tenon-go/tenon/compat/goplugin/runner"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/protocol"
)

// ReattachConfig says where a plugin is that runs already. Client.ReattachConfig
// returns that of a plugin which a client has started, and ServeTestConfig that of
// one in test mode. It can be stored as JSON, without its ReattachFunc, so that a later
// process finds the plugin.
type ReattachConfig struct {
	// Protocol is what the plugin speaks. Empty means net/rpc.
	Protocol Protocol

	// ProtocolVersion is the version that was agreed on: which of the
	// VersionedPlugins are used.
	ProtocolVersion int

	// Addr is where the plugin listens. Required.
	Addr net.Addr

	// Pid is the plugin's process. Client.Kill kills it, so it is made sure that
	// this process is the one that listens at Addr, or has started the one that
	// does.
	Pid int

	// ReattachFunc, if not nil, finds a plugin that is no process of this
	// machine. Without it Pid is needed. Whoever has started a plugin by
	// ClientConfig.RunnerFunc has to set it in what Client.ReattachConfig returns.
	ReattachFunc runner.ReattachFunc

	// Test says that the plugin is in test mode: Client.Kill does not kill it, for
	// its process is somebody's test. It is for tests only: with it, a process of
	// the same number that is not the plugin's would not be noticed.
	Test bool

	// Session, if not empty, tells the process from a later one with the same
	// Pid, and lets a later host go on with AutoMTLS. With AutoMTLS it holds a
	// private key: whoever has it can use the plugin. It is not among go-plugin's
	// fields.
	Session string
}

// ReattachConfig returns what another client needs to use this one's plugin: nil
// before the start, for which call Start or Client. For a plugin that outlives this
// process see ClientConfig.Detached. A plugin that was started by RunnerFunc has no
// Pid here, and the caller has to set ReattachFunc. That of a client which has reattached
// itself is returned as it is.
func (c *Client) ReattachConfig() *ReattachConfig {
	run := c.running()
	switch {
	case run == nil:
		return nil
	case run.launch.attached != nil:
		return c.cfg.Reattach
	}
	l := run.launch
	return &ReattachConfig{
		Protocol: Protocol(l.line.Protocol), ProtocolVersion: l.version, Addr: l.addr,
		Pid: run.plugin.Info().PID, Session: l.session(run.plugin.Info().PID).encode(),
	}
}

// storedAddr is an address as JSON. The others are how package json writes the
// types of package net, which cannot be read back into an interface.
type storedAddr struct {
	Network, String string

	Net, Name string `json:",omitempty"` // net.UnixAddr
	IP        net.IP `json:",omitempty"` // net.TCPAddr
	Port      int    `json:",omitempty"`
	Zone      string `json:",omitempty"`
}

type storedReattach struct {
	Protocol        Protocol
	ProtocolVersion int
	Addr            *storedAddr
	Pid             int
	Test            bool   `json:",omitempty"`
	Session         string `json:",omitempty"`
}

// MarshalJSON leaves ReattachFunc out.
func (r ReattachConfig) MarshalJSON() ([]byte, error) {
	s := storedReattach{Protocol: r.Protocol, ProtocolVersion: r.ProtocolVersion, Pid: r.Pid, Test: r.Test, Session: r.Session}
	if r.Addr != nil {
		s.Addr = &storedAddr{Network: r.Addr.Network(), String: r.Addr.String()}
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote, and what package json would have
// written of go-plugin's.
func (r *ReattachConfig) UnmarshalJSON(b []byte) error {
	var s storedReattach
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*r = ReattachConfig{Protocol: s.Protocol, ProtocolVersion: s.ProtocolVersion, Pid: s.Pid, Test: s.Test, Session: s.Session}
	var err error
	switch a := s.Addr; {
	case a == nil:
	case a.Network != "":
		r.Addr, err = resolve(a.Network, a.String)
	case a.Net != "":
		r.Addr, err = resolve(a.Net, a.Name)
	case a.IP != nil:
		r.Addr = &net.TCPAddr{IP: a.IP, Port: a.Port, Zone: a.Zone}
	}
	return err
}

func (l *launch) isTest() bool { return l.attached != nil && l.attached.Test }

var errNoAddr = errors.New("ReattachConfig has no Addr")

// reattach finds the plugin.
func (l *launch) reattach(ctx context.Context, _ []string) (protocol.Running, error) {
	cfg := l.attached
	if cfg.Addr == nil {
		return nil, l.notFound(errNoAddr)
	}
	p := orNetRPC(cfg.Protocol)
	a := &attached{line: handshake.Line{
		App: cfg.ProtocolVersion, Protocol: string(p), Network: cfg.Addr.Network(), Address: cfg.Addr.String(),
	}}
	if cfg.ReattachFunc != nil {
		r, err := cfg.ReattachFunc()
		if err != nil {
			return nil, err
		}
		l.runner = r
		return a.watch(r, nil, cfg.Test), nil
	}
	r, err := l.findProcess(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.pid = cfg.Pid
	return a.watch(r, nil, cfg.Test), nil
}

func orNetRPC(p Protocol) Protocol {
	if p == "" {
		return ProtocolNetRPC
	}
	return p
}

// notFound logs why: callers compare the error itself.
func (l *launch) notFound(why error) error {
	l.cfg.Logger.Debug("reattachment process not found", "error", why.Error())
	return ErrProcessNotFound
}

// findProcess finds the process that listens where the plugin did.
func (l *launch) findProcess(ctx context.Context, cfg *ReattachConfig) (runner.AttachedRunner, error) {
	stored, err := cfg.session()
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, cfg.Addr.Network(), cfg.Addr.String())
	if err != nil {
		return nil, l.notFound(err)
	}
	defer c.Close()
	p, err := process.Attach(cfg.Pid, stored.Process)
	if err != nil {
		if cfg.Test {
			return pidRunner{pid: cfg.Pid}, nil // it may have another name where the plugin is
		}
		return nil, l.notFound(err)
	}
	// A number that was given to another process since is not the listener's.
	if owner := process.Listener(c); owner != 0 && !process.Descends(owner, cfg.Pid) && !cfg.Test {
		p.Close()
		err := fmt.Errorf("%v belongs to process %d, not to %d", cfg.Addr, owner, cfg.Pid)
		return nil, l.notFound(err)
	}
	return pidRunner{cfg.Pid, p}, nil
}

// A pidRunner is a process that an earlier host has started.
type pidRunner struct {
	pid  int
	proc *process.Attached // nil if it cannot be watched
}

func (r pidRunner) Wait(ctx context.Context) error {
	if r.proc == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	defer r.proc.Close()
	select {
	case <-r.proc.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r pidRunner) Kill(context.Context) error {
	if r.proc == nil {
		return nil
	}
	return r.proc.Kill()
}

func (r pidRunner) ID() string { return strconv.Itoa(r.pid) }

func (r pidRunner) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (r pidRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// An attached is a plugin that something else runs, as package host sees it.
type attached struct {
	line   handshake.Line
	known  bool // line is
	pid    int
	out    [2]io.Reader
	runner runner.AttachedRunner
	test   bool

	ctx    context.Context // ends the watch
	cancel context.CancelFunc
	done   chan struct{} // closed when err is set
	err    error
}

// watch waits for the plugin's end, after ready is closed; nil is at once.
func (a *attached) watch(r runner.AttachedRunner, ready <-chan struct{}, test bool) *attached {
	a.runner, a.test, a.done = r, test, make(chan struct{})
	a.known = a.line.Network != ""
	a.ctx, a.cancel = context.WithCancel(context.Background())
	waited := make(chan error, 1)
	go func() {
		if ready != nil {
			select {
			case <-ready:
			case <-a.ctx.Done():
			}
		}
		waited <- r.Wait(a.ctx)
	}()
	go func() {
		defer a.cancel()
		defer close(a.done)
		select {
		case a.err = <-waited:
		case <-a.ctx.Done(): // whether Wait returns or not
		}
	}()
	return a
}

// Output implements protocol.Running.
func (a *attached) Output() (stdout, stderr io.Reader) { return a.out[0], a.out[1] }

// Line implements protocol.Running.
func (a *attached) Line() *handshake.Line {
	if !a.known {
		return nil
	}
	return &a.line
}

// Done implements protocol.Running.
func (a *attached) Done() <-chan struct{} { return a.done }

// Err implements protocol.Running.
func (a *attached) Err() error { return a.err }

// PID implements protocol.Running.
func (a *attached) PID() int { return a.pid }

// Terminate implements protocol.Running. Runners have no word for it.
func (a *attached) Terminate() { a.Kill() }

// Kill implements protocol.Running.
func (a *attached) Kill() {
	if a.test {
		a.cancel()
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), runnerTimeout)
		defer cancel()
		a.runner.Kill(ctx)
		// What it has started may hold its output.
		select {
		case <-a.done:
		case <-time.After(leaveTimeout):
			a.cancel()
		}
	}()
}

// runnerTimeout bounds what a runner may take to kill a plugin.
const runnerTimeout = 10 * time.Second

// A session is what is in ReattachConfig.Session.
type session struct {
	Process     string `json:",omitempty"` // its identity
	Certificate []byte `json:",omitempty"` // the host's own, DER
	Key         []byte `json:",omitempty"` // PKCS #8
	Plugin      []byte `json:",omitempty"` // the plugin's certificate, DER
}

// session is that of the plugin that was started.
func (l *launch) session(pid int) session {
	s := session{Process: process.Identity(pid)}
	if !l.cfg.AutoMTLS || l.link.tls == nil {
		return s
	}
	own := l.link.tls.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		return s
	}
	s.Certificate, s.Key, s.Plugin = own.Certificate[0], key, l.line.Certificate
	return s
}

func (s session) encode() string {
	b, err := json.Marshal(s)
	if err != nil || s.Process == "" && s.Key == nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

var errBadSession = errors.New("ReattachConfig.Session is none that Client.ReattachConfig has returned")

func (r *ReattachConfig) session() (session, error) {
	var s session
	if r.Session == "" {
		return s, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(r.Session)
	if err != nil || json.Unmarshal(b, &s) != nil {
		return s, errBadSession
	}
	return s, nil
}

// tls is what the host used, nil if it used none.
func (s session) tls() *tls.Config {
	key, err := x509.ParsePKCS8PrivateKey(s.Key)
	if err != nil {
		return nil
	}
	other, err := x509.ParseCertificate(s.Plugin)
	if err != nil {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(other)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{s.Certificate}, PrivateKey: key}},
		RootCAs:      pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		ServerName: "localhost", MinVersion: tls.VersionTLS12,
	}
}
