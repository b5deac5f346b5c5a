package grpcplug

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// Both sides say how much they take, and none sends a PING to find that out.
func TestWindow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	o := &options{limit: 1 << 20}
	s := o.newServer(o.attendUnary, o.attendStream)
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(l) })
	defer serving.Wait()
	defer s.Stop()

	wire := &recorded{}
	cc, err := o.connect(t.Context(), "here", func(ctx context.Context) (net.Conn, error) {
		c, err := addressDialer("unix", path)(ctx)
		wire.Conn = c
		return wire, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	for range 3 {
		if _, err := grpc_health_v1.NewHealthClient(cc).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	wire.mu.Lock()
	defer wire.mu.Unlock()
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	for side, b := range map[string][]byte{"client": bytes.TrimPrefix(wire.wrote, []byte(preface)), "server": wire.read} {
		if got, pings := announced(b); got != window || pings != 0 {
			t.Errorf("%s: a window of %d bytes, %d pings; want %d and none", side, got, pings, window)
		}
	}
}

// recorded is a connection that keeps what passed.
type recorded struct {
	net.Conn
	mu          sync.Mutex
	read, wrote []byte
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read = append(r.read, b[:n]...)
	return n, err
}

func (r *recorded) Write(b []byte) (int, error) {
	r.mu.Lock()
	r.wrote = append(r.wrote, b...)
	r.mu.Unlock()
	return r.Conn.Write(b)
}

// announced reads HTTP/2's frames (RFC 9113, 4.1) for the window of a stream and for
// pings, those that answer left out.
func announced(b []byte) (window, pings int) {
	const frameSettings, framePing, ack, initialWindow = 4, 6, 1, 4
	for len(b) >= 9 {
		size := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		kind, flags, body := b[3], b[4], b[9:]
		if len(body) < size {
			break
		}
		if kind == framePing && flags&ack == 0 {
			pings++
		}
		for s := body[:size]; kind == frameSettings && len(s) >= 6; s = s[6:] {
			if binary.BigEndian.Uint16(s) == initialWindow {
				window = int(binary.BigEndian.Uint32(s[2:]))
			}
		}
		b = body[size:]
	}
	return window, pings
}
