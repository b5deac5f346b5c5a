package plugin

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/internal/protocol"
)

// DefaultGRPCServer makes a server with nothing but the options.
func DefaultGRPCServer(opts []grpc.ServerOption) *grpc.Server { return grpc.NewServer(opts...) }

// GRPCServer serves plugins over gRPC. Init comes first, then Serve, each once.
type GRPCServer struct {
	// Plugins are what is served, by name.
	Plugins map[string]Plugin

	// Server makes the server. Its options are the TLS that host and plugin have
	// agreed on, that messages may be of any size, and HTTP/2 windows of 1 MiB.
	Server func([]grpc.ServerOption) *grpc.Server

	// TLS is what the server uses. Nil is none.
	TLS *tls.Config

	// DoneCh is closed when Serve ends.
	DoneCh chan struct{}

	// Stdout and Stderr are what the host gets as the plugin's output. Nil is
	// none.
	Stdout io.Reader
	Stderr io.Reader

	config GRPCServerConfig
	server *grpc.Server
	broker *GRPCBroker
	side   *grpcplug.Side
	spill  [2]io.Writer // where goes the output that no host asks for
	flush  func()       // ends the output
	logger hclog.Logger
	once   sync.Once
}

// GRPCServerConfig is of no use any more.
type GRPCServerConfig struct {
	StdoutAddr string `json:"stdout_addr"`
	StderrAddr string `json:"stderr_addr"`
}

// Init makes the server, and registers the services that each plugin has and the
// plugins' own.
func (s *GRPCServer) Init() error {
	if s.side == nil {
		var err error
		if s.side, err = newSide(socketEnv, s.TLS); err != nil {
			return err
		}
	}
	if s.logger == nil {
		s.logger = hclog.NewNullLogger()
	}
	s.server = s.Server(s.side.ServerOptions())
	muxed, _ := s.side.Multiplex()
	s.broker = &GRPCBroker{broker: s.side.Attach(s.server, s.Stdout, s.Stderr, s.spill), muxed: muxed}
	for name, raw := range s.Plugins {
		p, ok := raw.(GRPCPlugin)
		if !ok {
			return fmt.Errorf("%q is not a GRPC-compatible plugin", name)
		}
		if err := p.GRPCServer(s.broker, s.server); err != nil {
			return fmt.Errorf("error registering %q: %w", name, err)
		}
	}
	return nil
}

func newSide(getenv func(string) string, c *tls.Config) (*grpcplug.Side, error) {
	return grpcplug.NewSide(protocol.Within{}, grpcplug.SideConfig{Getenv: getenv, TLS: c})
}

// Stop ends the server and its broker at once.
func (s *GRPCServer) Stop() {
	s.server.Stop()
	s.release()
}

// GracefulStop is Stop when all calls have ended.
func (s *GRPCServer) GracefulStop() {
	s.side.Leave() // what would go on as long as the connection
	s.server.GracefulStop()
	s.release()
}

func (s *GRPCServer) release() { s.once.Do(s.side.Close) }

// Config returns an empty GRPCServerConfig as JSON.
func (s *GRPCServer) Config() string {
	b, _ := json.Marshal(s.config) // two strings
	return string(b) + "\n"
}

const (
	// finishTimeout is how long the host may take to read the output when it has
	// asked the plugin to leave.
	finishTimeout = 2 * time.Second

	// endTimeout is what calls have to end then. It is short because go-plugin's
	// plugins end them at once, and some hosts have streams that never end.
	endTimeout = 500 * time.Millisecond
)

// Serve serves until the host asks the plugin to leave, the listener is closed
// or the server is stopped.
func (s *GRPCServer) Serve(lis net.Listener) {
	defer close(s.DoneCh)
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(lis) }()
	select {
	case err := <-served:
		if err != nil {
			s.logger.Error("grpc server", "error", err)
		}
		return
	case <-s.side.Asked():
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	if s.flush != nil {
		s.flush()
	}
	if s.side.Finish(ctx, s.flush != nil) {
		s.server.Stop()
		<-served
		return
	}
	s.end(served)
}

// end lets calls end. Handlers that do not return are not waited for: gRPC would,
// even when it is told to stop at once.
func (s *GRPCServer) end(served <-chan error) {
	go s.server.GracefulStop()
	t := time.NewTimer(endTimeout)
	defer t.Stop()
	select {
	case <-served:
	case <-t.C:
		go s.server.Stop()
	}
}
