package interop

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/yamux"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tenon-go/tenon/interop/scenario"
)

// A faulty is a plugin that is all right but for what its fields say.
type faulty struct {
	line      func(address string) string // in place of the usual one
	before    string                      // printed before the line
	tls       bool
	announced bool // the certificate of another one is in the line
	muxed     bool

	noHealth, noController, noStdio, noBroker bool

	says []connInfo // what its broker says, without being asked
}

// A connInfo is the broker's message, on the wire.
type connInfo struct{ wire []byte }

func (c *connInfo) Reset()                   { c.wire = nil }
func (c *connInfo) String() string           { return fmt.Sprintf("%x", c.wire) }
func (*connInfo) ProtoMessage()              {}
func (c *connInfo) Marshal() ([]byte, error) { return c.wire, nil }
func (c *connInfo) Unmarshal(b []byte) error { c.wire = b; return nil }

// placed says that an id is served at an address.
func placed(id uint64, address string) connInfo {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), id)
	b = protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), "unix")
	return connInfo{protowire.AppendString(protowire.AppendTag(b, 3, protowire.BytesType), address)}
}

// knocked is a knock for an id, or the answer to one.
func knocked(id uint64, ack bool) connInfo {
	k := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	if ack {
		k = protowire.AppendVarint(protowire.AppendTag(k, 2, protowire.VarintType), 1)
	}
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), id)
	return connInfo{protowire.AppendBytes(protowire.AppendTag(b, 4, protowire.BytesType), k)}
}

func (f faulty) run() {
	l, err := net.Listen("unix", filepath.Join(os.TempDir(), "faulty"))
	if err != nil {
		panic(err)
	}
	var opts []grpc.ServerOption
	if f.tls {
		opts = append(opts, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certificate()}})))
	}
	s := grpc.NewServer(opts...)
	f.register(s)
	fmt.Print(f.before)
	fmt.Print(f.handshake(l.Addr().String()))
	if f.muxed {
		c, err := l.Accept()
		if err != nil {
			panic(err)
		}
		l, err = yamux.Server(c, nil)
		if err != nil {
			panic(err)
		}
	}
	s.Serve(l)
}

func (f faulty) handshake(address string) string {
	if f.line != nil {
		return f.line(address)
	}
	cert, mux := "", ""
	if f.announced {
		cert = base64.RawStdEncoding.EncodeToString(certificate().Certificate[0])
	}
	if f.muxed {
		mux = "|true"
	}
	return "1|2|unix|" + address + "|grpc|" + cert + mux + "\n"
}

func (f faulty) register(s *grpc.Server) {
	(&scenario.Greeter{Version: scenario.Newest}).Register(s)
	if !f.noHealth {
		h := health.NewServer()
		h.SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_SERVING)
		grpc_health_v1.RegisterHealthServer(s, h)
	}
	if !f.noController {
		s.RegisterService(scenario.Desc("plugin.GRPCController", map[string]func(context.Context, string) (string, error){
			"Shutdown": func(context.Context, string) (string, error) { go s.Stop(); return "", nil },
		}), struct{}{})
	}
	wait := func(s grpc.ServerStream) error { <-s.Context().Done(); return s.Context().Err() }
	if !f.noStdio {
		s.RegisterService(streaming("plugin.GRPCStdio", "StreamStdio", wait), struct{}{})
	}
	if !f.noBroker {
		s.RegisterService(streaming("plugin.GRPCBroker", "StartStream", func(s grpc.ServerStream) error {
			for _, c := range f.says {
				if err := s.SendMsg(&c); err != nil {
					return err
				}
			}
			return wait(s)
		}), struct{}{})
	}
}

func streaming(service, method string, serve func(grpc.ServerStream) error) *grpc.ServiceDesc {
	return scenario.Desc(service, nil, grpc.StreamDesc{StreamName: method, ClientStreams: true, ServerStreams: true,
		Handler: func(_ any, s grpc.ServerStream) error { return serve(s) }})
}

// says prints a line of the plugin's own. An @ in it is the address.
func says(line string) func(string) string {
	return func(address string) string { return strings.Replace(line, "@", address, 1) + "\n" }
}

// holds returns the line of a plugin whose port another program holds.
func holds(protocol, greeting string) func(string) string {
	return func(string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		go func() {
			held := make(chan net.Conn, 100) // which would be closed if they were garbage
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				if io.WriteString(c, greeting); greeting != "" {
					c.Close()
				}
				held <- c
			}
		}()
		return "1|2|tcp|" + l.Addr().String() + "|" + protocol + "|\n"
	}
}

func faultyPlugins() map[string]func() {
	all := map[string]func(){}
	for _, f := range faults {
		all[f.name] = f.plugin.run
	}
	return all
}
