package stubtest

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

func init() {
	registered := func(crash bool) func() {
		return func() {
			os.Unsetenv(handshake.EnvPlugin)
			p := grpcplug.Protocol{Register: func(r grpc.ServiceRegistrar, _ *grpcplug.Broker, _ int) error {
				pb.RegisterTestServiceServer(r, impl{})
				return nil
			}}
			plugin.MainConfig(plugin.Config{App: app, Protocols: []plugin.Protocol{p}, CrashOnPanic: crash})
		}
	}
	programs["registered"] = registered(false)
	programs["registered, crashes"] = registered(true)
}

// registered is what Protocol.Register has registered, which is gRPC's own.
func registered(t testing.TB, name string) (*host.Plugin, pb.TestServiceClient) {
	p := tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, name), Protocols: []host.Protocol{grpcplug.Protocol{}}})
	raw, ok := grpcplug.Of(p)
	if !ok {
		t.Fatal("it is not gRPC")
	}
	return p, pb.NewTestServiceClient(raw.ClientConn)
}

// A handler that panics, or ends its goroutine, is answered for: it costs its own
// call and no other.
func TestNoReturn(t *testing.T) {
	clients := map[string]func() pb.TestServiceClient{
		"registered": func() pb.TestServiceClient { _, c := registered(t, "registered"); return c },
	}
	for _, w := range ways[1:] { // on a server of gRPC's own its rules hold
		clients[w.name] = func() pb.TestServiceClient { return w.open(t) }
	}
	for name, open := range clients {
		t.Run(name, func(t *testing.T) {
			c := open()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for what, says := range map[string]string{"quit": "ended its goroutine without returning", "panic": "panic: out of ideas"} {
				_, unary := ask(ctx, c, what)
				_, stream := converse(ctx, c, "first", what)
				_, output := drain(ctx, c, what, 5)
				_, input := tell(ctx, c, what)
				for kind, err := range map[string]error{"unary": unary, "both": stream, "output": output, "input": input} {
					if s := status.Convert(err); s.Code() != codes.Internal || !strings.Contains(s.Message(), says) {
						t.Errorf("%s, %s: %v", what, kind, err)
					}
				}
			}
			if got, err := ask(ctx, c, "still there"); got != "still there" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// Whoever wants a panic to end the process gets that, and the stack of where it
// was.
func TestCrashOnPanic(t *testing.T) {
	p, c := registered(t, "registered, crashes")
	if _, err := ask(t.Context(), c, "quit"); status.Code(err) != codes.Internal {
		t.Errorf("quit: %v", err)
	}
	ask(t.Context(), c, "panic")
	<-p.Done()
	var exit *host.ExitError
	if err := p.Err(); !errors.As(err, &exit) || !strings.Contains(exit.Exit.Panic, "out of ideas") || !strings.Contains(exit.Exit.Stack, "stubtest.obey") {
		t.Errorf("it ended with %v\n%s", err, exit.Exit.Stack)
	}
}
