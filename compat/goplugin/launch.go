package plugin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/compat/goplugin/runner"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// A launch is one start of a plugin: to package host it is a protocol, and the
// only one. What it says of the plugin is there when the start has succeeded.
type launch struct {
	cfg     *ClientConfig
	inner   protocol.Attempt // grpcplug's, which has the offer, the sockets and TLS
	started func(pid int)
	file    *checked // the program, if it was checked; nil if that is of no use
	first   firstLine

	attached *ReattachConfig // nil if the plugin is started here
	runner   runner.AttachedRunner
	diagnose func(context.Context) string // of a runner

	line    handshake.Line
	version int
	plugins PluginSet
	addr    net.Addr
	link    *link
	closing sync.Once
}

var (
	_ protocol.Host      = (*launch)(nil)
	_ protocol.Sole      = (*launch)(nil)
	_ grpcplug.Addresses = (*launch)(nil)
)

// Prepare implements protocol.Host.
func (l *launch) Prepare(p protocol.Launch) (protocol.Attempt, error) {
	g := grpcplug.Protocol{
		AutoMTLS: l.cfg.AutoMTLS, TLS: l.cfg.TLSConfig, Multiplex: l.cfg.GRPCBrokerMultiplex,
		MinPort: int(l.cfg.MinPort), MaxPort: int(l.cfg.MaxPort), Addresses: l,
		DialOptions: append(slices.Clip(l.cfg.GRPCDialOptions), l.afterOptions()...),
	}
	if g.AutoMTLS {
		g.TLS = nil
	}
	if l.attached != nil {
		g.AutoMTLS = false
		if l.cfg.AutoMTLS || l.attached.Session != "" {
			s, err := l.attached.session()
			if err != nil {
				return nil, err
			}
			if t := s.tls(); t != nil {
				g.TLS = t
			}
		}
	}
	if u := l.cfg.UnixSocketConfig; u != nil {
		g.SocketDir, g.SocketGroup = u.TempDir, u.Group
	} else {
		g.SocketDir = os.Getenv(EnvUnixSocketDir) // which go-plugin's hosts hand on
	}
	p.Limits.Message = 1<<31 - 1
	p.Runs = l.attached != nil
	var err error
	if l.inner, err = g.Prepare(p); err != nil {
		return nil, err
	}
	return l, nil
}

// Env implements protocol.Attempt.
func (l *launch) Env() []string {
	env := slices.DeleteFunc(l.inner.Env(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == "PLUGIN_PROTOCOL_VERSIONS" || name == EnvUnixSocketDir && !l.ownsSockets()
	})
	var versions []string
	for v := range l.cfg.VersionedPlugins {
		versions = append(versions, strconv.Itoa(v))
	}
	slices.Sort(versions)
	return append(env, "PLUGIN_PROTOCOL_VERSIONS="+strings.Join(versions, ","), l.cfg.MagicCookieKey+"="+l.cfg.MagicCookieValue)
}

// socketsVar makes a plugin choose by itself where its sockets are, if its value is
// "temp": for one that is started under another user by a command in between, and
// may not enter this user's directories.
const socketsVar = "TENON_GOPLUGIN_SOCKETS"

// ownsSockets reports whether the plugin makes its sockets in a directory of this
// host's, which is removed when the plugin has ended. A plugin of another user
// could not.
func (l *launch) ownsSockets() bool {
	if l.cfg.Cmd == nil {
		return true
	}
	return os.Getenv(socketsVar) != "temp" && !hasCredential(l.cfg.Cmd) &&
		!slices.ContainsFunc(l.cfg.Cmd.Env, func(entry string) bool { return strings.HasPrefix(entry, EnvUnixSocketDir+"=") })
}

// socketDir is that directory.
func (l *launch) socketDir() string {
	for _, entry := range l.inner.Env() {
		if dir, ok := strings.CutPrefix(entry, EnvUnixSocketDir+"="); ok {
			return dir
		}
	}
	return ""
}

// Speaks implements protocol.Attempt. What is not allowed is for Connect to say.
func (l *launch) Speaks(string) bool { return true }

// Manner implements protocol.Sole.
func (l *launch) Manner() protocol.Manner {
	m := protocol.Manner{Detached: l.cfg.Detached || l.cfg.Cmd != nil && wantsSession(l.cfg.Cmd), SpareSessions: true, Started: l.started}
	if l.canRunFile() {
		m.File = l.file.File
	}
	switch {
	case l.attached != nil:
		m.Run = l.reattach
	case l.cfg.RunnerFunc != nil:
		m.Run = l.runRunner
	}
	return m
}

// Connect implements protocol.Attempt. It makes no connection yet: Client.Start
// tells where the plugin is, and Client.Client goes there.
func (l *launch) Connect(_ context.Context, line handshake.Line, with protocol.Setup) (protocol.Conn, error) {
	if err := l.accept(line); err != nil {
		return nil, err
	}
	if l.file != nil && (!l.file.kept() || !l.canRunFile() && !stillThere(l.cfg.Cmd.Path, l.file.File)) {
		return nil, errReplaced
	}
	c, err := l.trust()
	if err != nil {
		return nil, err
	}
	// The output has a place of its own here.
	with.Stdout.Close()
	with.Stderr.Close()
	l.link = newLink(l, c, with)
	return l.link, nil
}

// accept judges the line, in go-plugin's order.
func (l *launch) accept(line handshake.Line) error {
	l.line, l.version = line, line.App
	if l.attached == nil {
		set, ok := l.cfg.VersionedPlugins[line.App]
		if !ok {
			return wrongVersion(line.App, l.cfg.VersionedPlugins)
		}
		l.plugins = set
	} else if l.plugins = l.cfg.Plugins; l.plugins == nil {
		l.plugins = l.cfg.VersionedPlugins[line.App]
	}
	network, address, err := l.PluginToHost(line.Network, line.Address)
	if err == nil {
		l.addr, err = resolve(network, address)
	}
	if err != nil {
		return &refusal{text: err.Error(), causes: []error{err}}
	}
	if l.attached == nil && !slices.Contains(l.cfg.AllowedProtocols, Protocol(line.Protocol)) {
		return &refusal{stage: host.StageHandshake, text: unsupported(Protocol(line.Protocol), l.cfg.AllowedProtocols)}
	}
	if l.cfg.GRPCBrokerMultiplex && line.Protocol == handshake.GRPC && !line.Multiplex {
		return &refusal{text: ErrGRPCBrokerMuxNotSupported.Error() + "; for Go plugins, you will need to update the " +
			"github.com/hashicorp/go-plugin dependency and recompile",
			causes: []error{ErrGRPCBrokerMuxNotSupported, &grpcplug.Error{Problem: grpcplug.NoMultiplex}}}
	}
	return nil
}

func resolve(network, address string) (net.Addr, error) {
	switch network {
	case "tcp":
		return net.ResolveTCPAddr(network, address)
	case "unix":
		return net.ResolveUnixAddr(network, address)
	}
	return nil, errors.New("unknown address type: " + address)
}

// trust returns the TLS of the connection, nil if that is none.
func (l *launch) trust() (*tls.Config, error) {
	return l.inner.(interface {
		Trust(handshake.Line) (*tls.Config, error)
	}).Trust(l.line)
}

// Close implements protocol.Attempt. Kill calls it early: to remove the sockets takes
// about as long as the plugin takes to exit.
func (l *launch) Close() { l.closing.Do(l.inner.Close) }

// PluginToHost implements grpcplug.Addresses.
func (l *launch) PluginToHost(network, address string) (string, string, error) {
	if l.runner == nil {
		return network, address, nil
	}
	return l.runner.PluginToHost(network, address)
}

// HostToPlugin implements grpcplug.Addresses.
func (l *launch) HostToPlugin(network, address string) (string, string, error) {
	if l.runner == nil {
		return network, address, nil
	}
	return l.runner.HostToPlugin(network, address)
}

// ranItself reports whether the caller's own code was to start the plugin, and
// did not.
func (l *launch) ranItself() bool { return l.cfg.Cmd == nil && l.runner == nil }

// diagnosis is what may be of help with a plugin that did not announce itself.
func (l *launch) diagnosis() string {
	switch {
	case l.diagnose != nil:
		return l.diagnose(context.Background())
	case l.cfg.Cmd == nil:
		return ""
	}
	return usualReasons + notes(l.cfg.Cmd.Path)
}

// environment is what the plugin has, without what this package adds. As with
// go-plugin, the host's own values win over the caller's.
func (l *launch) environment() []string {
	var env []string
	if l.cfg.Cmd != nil {
		env = slices.Clone(l.cfg.Cmd.Env)
	}
	if !l.cfg.SkipHostEnv {
		env = append(env, handshake.Scrub(os.Environ())...)
	}
	return env
}

// command is what package host starts. That of the caller stays as it is.
func (l *launch) command() *exec.Cmd {
	c := &exec.Cmd{Path: "plugin", Env: l.environment(), Stdout: &l.first}
	if own := l.cfg.Cmd; own != nil {
		c.Path, c.Args, c.Dir, c.Err = own.Path, own.Args, own.Dir, own.Err
		c.ExtraFiles, c.SysProcAttr = own.ExtraFiles, own.SysProcAttr
		if !strings.ContainsAny(c.Path, `/\`) && c.Path != "" {
			c.Path = "./" + c.Path // as the system would take it
		}
	}
	return c
}

// firstLine takes what the plugin prints but for the line that announces it, and
// keeps the first line: nobody else gets it, but an error may be about it.
type firstLine struct {
	come func(line string) // called when there is one

	mu   sync.Mutex
	text []byte
	full bool
}

const maxFirstLine = 1 << 10

func (f *firstLine) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(b)
	if f.full {
		return n, nil
	}
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b, f.full = b[:i], true
	}
	f.text = append(f.text, b[:min(len(b), maxFirstLine-len(f.text))]...)
	if f.full {
		f.come(string(f.text))
	}
	return n, nil
}

func (f *firstLine) line() (text string, any bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.TrimSpace(string(f.text)), f.full || len(f.text) > 0
}

// app stands for what the caller calls HandshakeConfig. The cookie is among Env,
// and versions, which go-plugin counts from zero, are for Connect.
var app = tenon.App{Name: "go-plugin"}

// grpcConn is what of a connection is gRPC's.
func grpcConn(c protocol.Conn) (*grpc.ClientConn, *grpcplug.Broker) {
	raw, _ := grpcplug.Of(c)
	return raw.ClientConn, raw.Broker
}
