package stubtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/tenontest"
)

func init() {
	programs["asks its host"] = func() {
		os.Unsetenv(handshake.EnvPlugin)
		grpcplug.Main(app, Tester.Serve(middleman{}))
	}
}

// kinds are calls of all four kinds that are to fail.
var kinds = map[string]func(context.Context, pb.TestServiceClient, string) error{
	"unary": func(ctx context.Context, c pb.TestServiceClient, what string) error {
		_, err := ask(ctx, c, what)
		return err
	},
	"both": func(ctx context.Context, c pb.TestServiceClient, what string) error {
		_, err := converse(ctx, c, what)
		return err
	},
	"output": func(ctx context.Context, c pb.TestServiceClient, what string) error {
		_, err := drain(ctx, c, what)
		return err
	},
	"input": func(ctx context.Context, c pb.TestServiceClient, what string) error {
		_, err := tell(ctx, c, what)
		return err
	},
}

// The errors that a contract names are the same on the other side, over gRPC too.
func TestIdentity(t *testing.T) {
	for _, w := range ways[1:] {
		t.Run(w.name, func(t *testing.T) {
			c := w.open(t)
			for kind, call := range kinds {
				checkIdentity(t, kind, func(what string) error { return call(t.Context(), c, what) })
			}
		})
	}
}

func checkIdentity(t *testing.T, kind string, call func(string) error) {
	t.Helper()
	var count *countError
	if err := call("counted"); !errors.As(err, &count) || count.n != 7 || errors.Is(err, errOdd) || status.Code(err) != codes.Unknown || status.Convert(err).Message() != "too many: count 7" {
		t.Errorf("%s: counted: %v", kind, err)
	}
	if err := call("odd"); !errors.Is(err, errOdd) || errors.As(err, &count) || len(status.Convert(err).Details()) != 0 {
		t.Errorf("%s: odd: %v, details %v", kind, err, status.Convert(err).Details())
	}
	err := call("odd status")
	s := status.Convert(err)
	if !errors.Is(err, errOdd) || s.Code() != codes.Aborted || s.Message() != "odd" || len(s.Details()) != 1 {
		t.Errorf("%s: odd status: %v, details %v", kind, err, s.Details())
	} else if d, ok := s.Details()[0].(*errdetails.ErrorInfo); !ok || d.GetReason() != "why" {
		t.Errorf("%s: odd status: details %v", kind, s.Details())
	}
	var e *tenon.Error
	if err := call("plain"); errors.Is(err, errOdd) || !errors.As(err, &e) || e.Service != "grpc.testing.TestService" || e.Method == "" {
		t.Errorf("%s: plain: %v, %+v", kind, err, e)
	}
}

// A client that is not Tenon's sees the status, and for an error that the contract
// names a detail of a type that it does not know; for any other nothing at all.
func TestForeignClient(t *testing.T) {
	p := overPlugin(t)
	raw, _ := grpcplug.Of(p)
	for where, c := range map[string]pb.TestServiceClient{
		"server": pb.NewTestServiceClient(overGRPC(t)), "plugin": pb.NewTestServiceClient(raw.ClientConn),
	} {
		for kind, call := range kinds {
			for what, want := range map[string][]string{
				"plain": nil, "status": nil, "io.EOF": nil, "not there": nil, "tenon": nil,
				"details":    {"type.googleapis.com/google.rpc.ErrorInfo"},
				"odd":        {"type.googleapis.com/tenon.Error"},
				"counted":    {"type.googleapis.com/tenon.Error"},
				"odd status": {"type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/tenon.Error"},
			} {
				var got []string
				err := call(t.Context(), c, what)
				for _, d := range status.Convert(err).Proto().GetDetails() {
					got = append(got, d.GetTypeUrl())
				}
				if err == nil || !slices.Equal(got, want) {
					t.Errorf("%s, %s, %s: %v has %q, want %q", where, kind, what, err, got, want)
				}
				if errors.Is(err, errOdd) {
					t.Errorf("%s, %s, %s: it is ours", where, kind, what)
				}
			}
		}
	}
}

// A server that is not Tenon's answers with statuses, and they stay what they are.
func TestForeignServer(t *testing.T) {
	p, _ := registered(t, "registered")
	c, err := Tester.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	for kind, call := range kinds {
		for _, what := range []string{"plain", "status", "details", "odd", "counted"} {
			err := call(t.Context(), c, what)
			s, ok := status.FromError(err)
			if !ok || s.Code() == codes.OK || errors.Is(err, errOdd) || err.Error() != s.String() {
				t.Errorf("%s, %s: %v", kind, what, err)
			}
			if len(s.Proto().GetDetails()) > 0 != (what == "details") {
				t.Errorf("%s, %s: details %v", kind, what, s.Details())
			}
		}
	}
}

// A plugin that has ended is told from one that answered, whatever it speaks.
func TestPluginGone(t *testing.T) {
	for name, connect := range map[string]func(testing.TB) tenon.Conn{"gRPC": overPlugin, "native": inProcess} {
		t.Run(name, func(t *testing.T) {
			p := connect(t).(*host.Plugin)
			c, err := Tester.Open(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.FullDuplexCall(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			syscall.Kill(p.Info().PID, syscall.SIGKILL)
			_, streamed := s.Recv()
			<-p.Done()
			_, asked := ask(t.Context(), c, "echo")
			for what, err := range map[string]error{"stream": streamed, "call": asked} {
				var exit *host.ExitError
				if !errors.As(err, &exit) || status.Code(err) != codes.Unavailable {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

// A middleman has its host do what it is asked to.
type middleman struct{ impl }

func (middleman) UnaryCall(ctx context.Context, in *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	c, err := Tester.Caller(ctx)
	if err != nil {
		return nil, err
	}
	text := string(in.GetPayload().GetBody())
	out, err := c.UnaryCall(ctx, in)
	if err != nil && errors.Is(err, errOdd) != (text == "odd" || text == "odd status") {
		return nil, fmt.Errorf("%s: errors.Is on the way: %w", text, err)
	}
	return out, err
}

// The host's errors are the same in a plugin, and back in the host.
func TestIdentityOfHost(t *testing.T) {
	p := tenontest.Start(t, host.Config{
		App: app, Cmd: tenontest.Command(t, "asks its host"), Protocols: []host.Protocol{grpcplug.Protocol{}},
		Services: []tenon.Service{Tester.Serve(impl{})},
	})
	c, err := Tester.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	checkIdentity(t, "by the host", func(what string) error { return kinds["unary"](t.Context(), c, what) })
}
