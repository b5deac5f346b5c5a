package plugin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/handshake"
)

// ServeConfig says what a plugin serves, and how. It is not written to.
type ServeConfig struct {
	// HandshakeConfig is what the host's has to match.
	HandshakeConfig

	// TLSProvider, if not nil, returns what is used in place of AutoMTLS. The host
	// has to have a ClientConfig.TLSConfig that fits.
	TLSProvider func() (*tls.Config, error)

	// Plugins are those of version HandshakeConfig.ProtocolVersion.
	Plugins PluginSet

	// VersionedPlugins are those of further versions. The newest that both sides
	// have is served. HandshakeConfig.ProtocolVersion is not needed then.
	VersionedPlugins map[int]PluginSet

	// GRPCServer makes the server, [DefaultGRPCServer] for example. It gets the
	// options that the server must have, TLS among them, and may change the slice: its
	// own options are best appended. The services of health, which Ping asks,
	// of output and of the broker are added to what it returns. Nil means
	// that the plugins are served over net/rpc; so are those of a version that
	// are no GRPCPlugins.
	GRPCServer func([]grpc.ServerOption) *grpc.Server

	// Logger is for what Serve has to say. Nil writes hclog's JSON format to
	// standard error, which is where the host looks for a plugin's log.
	Logger hclog.Logger

	// Test, if not nil, serves in the process of a test, which differs in this:
	// there need be no cookie; nothing is printed on standard output, but a
	// ReattachConfig is sent; os.Stdout and os.Stderr stay the test's,
	// unless SyncStdio is set; the environment is left as it is, and so are
	// interrupts.
	Test *ServeTestConfig
}

// ServeTestConfig is how a plugin is served in the process of a test: without a
// cookie, a handshake or a host that has started it. The host reattaches.
type ServeTestConfig struct {
	// Context, if not nil, ends the plugin when it ends. That takes a while after:
	// see CloseCh.
	Context context.Context

	// ReattachConfigCh, if not nil, is sent what a host needs, which may be in
	// another process. Serve waits until it is taken.
	ReattachConfigCh chan<- *ReattachConfig

	// CloseCh, if not nil, is closed when Serve returns.
	CloseCh chan<- struct{}

	// SyncStdio brings what is printed on os.Stdout and os.Stderr to the host as
	// well.
	SyncStdio bool
}

const (
	noCookieText = "Misconfigured ServeConfig given to serve this plugin: no magic cookie\n" +
		"key or value was set. Please notify the plugin author and report\n" +
		"this as a bug.\n"
	byHandText = "This binary is a plugin. These are not meant to be executed directly.\n" +
		"Please execute the program that consumes these plugins, which will\n" +
		"load any plugins automatically\n"
)

// Serve serves the plugins to the host that started the process, and returns when
// the host has asked it to. It is what a plugin's main calls, and nothing but cleaning
// up should follow. A program that was not started by a host is told so on
// standard error, and ended with status 1; so is one whose HandshakeConfig has no
// cookie. What else prevents the plugin from being served is logged, and Serve
// returns.
//
// From then on os.Stdout and os.Stderr are pipes to the host's SyncStdout and
// SyncStderr, and interrupts are ignored, for they are the host's to answer.
func Serve(opts *ServeConfig) {
	if opts.Test != nil && opts.Test.CloseCh != nil {
		defer close(opts.Test.CloseCh)
	}
	if opts.Test == nil {
		if text := opts.refusal(); text != "" {
			fmt.Fprint(os.Stderr, text)
			os.Exit(1)
		}
	}
	newServing(opts).serve()
}

// refusal says why the process is not a host's plugin.
func (c *ServeConfig) refusal() string {
	switch {
	case c.MagicCookieKey == "" || c.MagicCookieValue == "":
		return noCookieText
	case os.Getenv(c.MagicCookieKey) != c.MagicCookieValue:
		return byHandText
	}
	return ""
}

// A serving is one call of Serve.
type serving struct {
	*ServeConfig
	logger   hclog.Logger
	env      map[string]string // what the host has said
	side     *grpcplug.Side
	listener net.Listener
	version  int
	protocol Protocol
	plugins  PluginSet
	stdio    *output
	done     chan struct{}
}

func newServing(c *ServeConfig) *serving {
	s := &serving{ServeConfig: c, logger: c.Logger, done: make(chan struct{}), env: map[string]string{}}
	if s.logger == nil {
		s.logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
	}
	return s
}

func (s *serving) serve() {
	s.takeEnvironment()
	if err := s.prepare(); err != nil {
		s.logger.Error("plugin init error", "error", err)
		return
	}
	defer s.side.Close()
	s.choose()
	var err error
	if s.listener, err = s.side.Listen(s.protocol == ProtocolGRPC); err != nil {
		s.logger.Error("plugin init error", "error", err)
		return
	}
	defer s.listener.Close()
	if s.stdio, err = newOutput(s.Test); err != nil {
		s.logger.Error("plugin init error", "error", err)
		return
	}
	defer s.stdio.close()
	server := s.server()
	if err := server.Init(); err != nil {
		s.logger.Error("protocol init", "error", err)
		return
	}
	s.stdio.begin() // before a test is told, which may print
	s.announce()
	if s.Test == nil {
		defer s.ignoreInterrupts()()
	}
	s.run(server)
}

// takeEnvironment takes what the host has said out of the environment: what this
// process starts must not take it for its own. In a test it is not the plugin's.
func (s *serving) takeEnvironment() {
	if s.Test != nil {
		return
	}
	for _, name := range append(handshake.Variables(), s.MagicCookieKey) {
		if value, ok := os.LookupEnv(name); ok {
			s.env[name] = value
			os.Unsetenv(name)
		}
	}
}

func (s *serving) getenv(name string) string {
	if s.Test != nil {
		return socketEnv(name)
	}
	return s.env[name]
}

// socketEnv is what a server wants to know that no host has started.
func socketEnv(name string) string {
	if name == EnvUnixSocketDir || name == EnvUnixSocketGroup {
		return os.Getenv(name)
	}
	return ""
}

// choose decides on the version, and what is served in it: the newest that the
// host has as well, and otherwise the oldest, so that a host which says nothing
// of versions gets the oldest form, and any other can say what is wrong.
func (s *serving) choose() {
	all := (&ClientConfig{HandshakeConfig: s.HandshakeConfig, Plugins: s.Plugins, VersionedPlugins: s.VersionedPlugins}).versions()
	s.version, s.plugins = int(s.ProtocolVersion), s.Plugins
	host := s.side.Versions()
	own := make([]int, 0, len(all))
	for v := range all {
		own = append(own, v)
	}
	slices.Sort(own)
	slices.Reverse(own)
	for _, v := range own {
		s.version, s.plugins = v, all[v]
		if slices.Contains(host, v) {
			break
		}
	}
	s.protocol = ProtocolNetRPC
	for _, p := range s.plugins { // any: they are all of one kind
		if _, ok := p.(GRPCPlugin); ok && s.GRPCServer != nil {
			s.protocol = ProtocolGRPC
		}
		break
	}
}

// prepare reads what the host has said.
func (s *serving) prepare() (err error) {
	var c *tls.Config
	if s.TLSProvider != nil {
		if c, err = s.TLSProvider(); err != nil {
			return fmt.Errorf("plugin tls init: %w", err)
		}
	}
	s.side, err = newSide(s.getenv, c)
	return err
}

// server makes the server of the protocol.
func (s *serving) server() ServerProtocol {
	if s.protocol == ProtocolGRPC {
		return &GRPCServer{
			Plugins: s.plugins, Server: s.GRPCServer, TLS: s.side.TLS(), DoneCh: s.done,
			Stdout: s.stdio.readers[0], Stderr: s.stdio.readers[1], spill: s.stdio.spill(),
			flush: s.stdio.end, side: s.side, logger: s.logger,
		}
	}
	if c := s.side.TLS(); c != nil {
		s.listener = tls.NewListener(s.listener, c)
	}
	return &RPCServer{
		Plugins: s.plugins, Stdout: s.stdio.readers[0], Stderr: s.stdio.readers[1],
		DoneCh: s.done, flush: s.stdio.end,
	}
}

// announce tells the host where the plugin is.
func (s *serving) announce() {
	addr := s.listener.Addr()
	s.logger.Debug("plugin address", "network", addr.Network(), "address", addr.String())
	if s.Test == nil {
		_, known := s.side.Multiplex()
		line := handshake.Line{
			App: s.version, Network: addr.Network(), Address: addr.String(), Protocol: string(s.protocol),
			Certificate: s.side.Certificate(), Multiplex: known,
		}
		s.stdio.files[0].Write(append(line.Append(nil), '\n'))
		s.side.Announced()
		return
	}
	if s.Test.ReattachConfigCh != nil {
		s.Test.ReattachConfigCh <- &ReattachConfig{
			Protocol: s.protocol, ProtocolVersion: s.version, Addr: addr, Pid: os.Getpid(), Test: true,
		}
	}
}

// ignoreInterrupts takes the signal of a terminal, which is for the host.
func (s *serving) ignoreInterrupts() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	go func() {
		for n := 1; ; n++ {
			if _, ok := <-c; !ok {
				return
			}
			s.logger.Trace("plugin received interrupt signal, ignoring", "count", n)
		}
	}()
	return func() { signal.Stop(c); close(c) }
}

// run serves to the end.
func (s *serving) run(server ServerProtocol) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(s.listener)
	}()
	ctx := context.Background()
	if s.Test != nil && s.Test.Context != nil {
		ctx = s.Test.Context
	}
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	s.listener.Close()
	go s.side.Close() // while the connections end; serve waits for it
	bounded, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	switch server := server.(type) {
	case *GRPCServer:
		server.Stop()
	case *RPCServer:
		server.close(bounded)
	}
	select {
	case <-ended:
	case <-bounded.Done():
	}
}

// endSoon bounds how long a pipe is read whose other end was closed here.
func endSoon(r *os.File) { r.SetReadDeadline(time.Now().Add(endTimeout)) }

// An output is that of the program, on its way to the host.
type output struct {
	readers [2]io.Reader
	files   [2]*os.File // os.Stdout and os.Stderr as they were
	reads   [2]*os.File // where the pipes come out, nil without
	writes  [2]*os.File
	begun   bool
	ended   bool
}

// newOutput makes the pipes. In a test there are none, unless it has asked for
// them; what comes out of them then goes where it would have gone as well.
func newOutput(test *ServeTestConfig) (*output, error) {
	s := &output{files: [2]*os.File{os.Stdout, os.Stderr}}
	if test != nil && !test.SyncStdio {
		return s, nil
	}
	for i := range s.reads {
		var err error
		if s.reads[i], s.writes[i], err = os.Pipe(); err != nil {
			return nil, errors.Join(errors.New("Error preparing plugin"), err)
		}
		s.readers[i] = s.reads[i]
		if test != nil {
			s.readers[i] = io.TeeReader(s.reads[i], s.files[i])
		}
	}
	return s, nil
}

// spill is where goes what no host asks for. In a test it went there already.
func (s *output) spill() (w [2]io.Writer) {
	for i := range s.readers {
		w[i] = io.Discard
		if s.readers[i] == s.reads[i] {
			w[i] = s.files[i]
		}
	}
	return w
}

// begin puts the pipes in the place of os.Stdout and os.Stderr.
func (s *output) begin() {
	if s.writes[0] != nil {
		os.Stdout, os.Stderr = s.writes[0], s.writes[1]
		s.begun = true
	}
}

// end puts the files back, so that what is in the pipes has an end.
func (s *output) end() {
	if s.ended {
		return
	}
	s.ended = true
	if s.begun {
		os.Stdout, os.Stderr = s.files[0], s.files[1]
	}
	for i, w := range s.writes {
		if w != nil {
			w.Close()
			endSoon(s.reads[i]) // something that the program has started may hold the other end
		}
	}
}

func (s *output) close() {
	s.end()
	for _, r := range s.reads {
		if r != nil {
			r.Close()
		}
	}
}
