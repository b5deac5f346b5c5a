package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
)

// kept is a contract of Tenon's, with the greeter's messages.
var keptContract = &tenon.Contract{Name: "interop.Kept", Methods: []tenon.Method{{Name: "Greet"}, {Name: "Count", ServerStream: true}, {Name: "Fail"}},
	Errors: []tenon.ErrorDef{{Name: "interop.ErrKept", Value: errKept}}}

var errKept = errors.New("interop: kept")

var kept = tenon.Service{Contract: keptContract, Server: keptServer{}}

type keptServer struct{}

func (keptServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	var in string
	for m.Next() {
		in = m.ReadString()
	}
	switch method {
	case 1:
		for i := range 3 {
			s.Out().WriteString(1, fmt.Sprint(in, i))
			if err := s.Send(); err != nil {
				return err
			}
		}
		return nil
	case 2:
		return fmt.Errorf("%s: %w", in, errKept)
	}
	s.Out().WriteString(1, "kept "+in)
	return nil
}

// A check is one column of the table.
type check struct {
	name string
	run  func(context.Context, *session, setting) error
}

var checks = []check{
	{"call", checkCall},
	{"stream", checkStream},
	{"large", checkLarge},
	{"ping", func(ctx context.Context, x *session, _ setting) error { return x.ping(ctx) }},
	{"version", checkVersion},
	{"callback", checkCallback},
	{"offer", checkOffer},
	{"contract", checkContract},
	{"output", checkOutput},
	{"stop", func(_ context.Context, x *session, _ setting) error { return x.stop() }},
	{"crash", nil}, // on a session of its own
}

var errNature = errors.New("not by nature")

func TestTable(t *testing.T) {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprint(w, "host\tplugin\tnetwork\ttrust\tbroker")
	for _, c := range checks {
		fmt.Fprint(w, "\t"+c.name)
	}
	fmt.Fprintln(w)
	defer fmt.Println("- : contracts need a Tenon plugin; with the broker off nothing is called by way of it. " +
		"go-plugin's own plugins are behind a relay for tcp: on this system they listen on unix sockets only, " +
		"and take no requests over 4 MB.")
	defer w.Flush()
	for _, h := range []string{"tenon", "goplugin"} {
		for _, p := range []string{"tenon", "goplugin"} {
			if h == p && h == "goplugin" {
				continue
			}
			for _, network := range []string{"unix", "tcp"} {
				for _, trust := range []string{"plain", "AutoMTLS"} {
					for _, broker := range []string{"off", "sockets", "multiplexed"} {
						s := setting{h, p, network, trust, broker}
						t.Run(strings.Join([]string{h, p, network, trust, broker}, "/"), func(t *testing.T) { row(t, w, s) })
					}
				}
			}
		}
	}
}

func row(t *testing.T, w io.Writer, s setting) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s", s.host, s.plugin, s.network, s.trust, s.broker)
	defer fmt.Fprintln(w)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x, err := s.start(t)
	if err != nil {
		t.Fatal(err)
	}
	defer x.kill()
	for _, c := range checks {
		run := c.run
		if run == nil {
			run = func(ctx context.Context, _ *session, s setting) error { return checkCrash(ctx, t, s) }
		}
		err := run(ctx, x, s)
		switch {
		case errors.Is(err, errNature):
			fmt.Fprint(w, "\t-")
		case err != nil:
			fmt.Fprint(w, "\tNO")
			t.Errorf("%s: %v\nlog: %s\nstderr: %s", c.name, err, x.log, x.errs)
		default:
			fmt.Fprint(w, "\tyes")
		}
	}
}

func expect(got, want string, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("got %.100q, want %.100q", got, want)
	}
	return err
}

func checkCall(ctx context.Context, x *session, _ setting) error {
	got, err := invoke(ctx, x.cc, greeterName+"/Greet", "you")
	if err := expect(got, "hello, you", err); err != nil {
		return err
	}
	if _, err = invoke(ctx, x.cc, greeterName+"/Fail", "lost it"); status.Code(err) != codes.NotFound {
		return fmt.Errorf("the error is %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err = invoke(short, x.cc, greeterName+"/Wait", ""); status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("the error is %v", err)
	}
	return nil
}

func checkStream(ctx context.Context, x *session, _ setting) error {
	s, err := x.cc.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+greeterName+"/Echo")
	if err != nil {
		return err
	}
	for i := range 100 {
		if err := s.SendMsg(text(fmt.Sprint(i))); err != nil {
			return err
		}
		out := new(wrapperspb.StringValue)
		err := s.RecvMsg(out)
		if err := expect(out.Value, fmt.Sprintf("echo %d", i), err); err != nil {
			return err
		}
	}
	s.CloseSend()
	if err := s.RecvMsg(new(wrapperspb.StringValue)); err != io.EOF {
		return fmt.Errorf("at the end: %v", err)
	}
	return nil
}

// checkLarge sends more than gRPC's own limit of 4 MiB, which the predecessor's
// plugins keep to for what they receive.
func checkLarge(ctx context.Context, x *session, s setting) error {
	n := 6 << 20
	if s.plugin == "goplugin" {
		n = 1 << 20
	}
	got, err := invoke(ctx, x.cc, greeterName+"/Large", strings.Repeat("y", n))
	return expect(got[max(len(got)-1, 0):], "y", err)
}

func checkVersion(ctx context.Context, x *session, _ setting) error {
	got, err := invoke(ctx, x.cc, greeterName+"/Version", "")
	if x.version != 2 {
		return fmt.Errorf("version %d was agreed on, not the highest", x.version)
	}
	return expect(got, "2", err)
}

func checkCallback(ctx context.Context, x *session, s setting) error {
	if s.broker == "off" {
		return errNature
	}
	for range 3 {
		id := x.broker.next()
		stop, err := x.broker.serve(id, answers("host"))
		if err != nil {
			return err
		}
		got, err := invoke(ctx, x.cc, greeterName+"/Back", fmt.Sprint(id))
		stop()
		if err := expect(got, "host answers the plugin", err); err != nil {
			return err
		}
	}
	return nil
}

func checkOffer(ctx context.Context, x *session, s setting) error {
	if s.broker == "off" {
		return errNature
	}
	for range 3 {
		id, err := invoke(ctx, x.cc, greeterName+"/Offer", "")
		if err != nil {
			return err
		}
		var n uint32
		fmt.Sscan(id, &n)
		got, err := callBack(ctx, x.broker, n, "the host")
		if err := expect(got, "plugin answers the host", err); err != nil {
			return err
		}
	}
	return nil
}

// checkContract calls a service of Tenon's.
func checkContract(ctx context.Context, x *session, s setting) error {
	if s.plugin != "tenon" {
		return errNature
	}
	if s.host != "tenon" {
		got, err := invoke(ctx, x.cc, "interop.Kept/Greet", "you")
		return expect(got, "kept you", err)
	}
	ref, err := keptContract.Bind(x.plugin)
	if err != nil {
		return err
	}
	for method, want := range []string{"kept you", "you0you1you2"} {
		got, err := collect(ctx, ref, method)
		if err := expect(got, want, err); err != nil {
			return err
		}
	}
	if _, err := collect(ctx, ref, 2); !errors.Is(err, errKept) || err.Error() != "you: interop: kept" {
		return fmt.Errorf("the error is %v", err)
	}
	return nil
}

func collect(ctx context.Context, ref *tenon.Ref, method int) (all string, err error) {
	s, err := ref.Open(ctx, method)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteString(1, "you")
	if err := s.SendLast(); err != nil {
		return "", err
	}
	for {
		m, err := s.Recv()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		for m.Next() {
			all += m.ReadString()
		}
	}
}

func checkOutput(ctx context.Context, x *session, _ setting) error {
	if _, err := invoke(ctx, x.cc, greeterName+"/Print", "it"); err != nil {
		return err
	}
	for what, l := range map[string]*lines{"out it\n": x.out, "err it\n": x.errs, "log it": x.log} {
		for !strings.Contains(l.String(), what) {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("%q has not come, but %q", what, l)
			}
		}
	}
	if s := x.out.String(); strings.Contains(s, "|grpc|") {
		return fmt.Errorf("the handshake is among the output: %q", s)
	}
	return nil
}

// checkCrash kills a plugin while it is called.
func checkCrash(ctx context.Context, t *testing.T, s setting) error {
	x, err := s.start(t)
	if err != nil {
		return err
	}
	defer x.kill()
	pid, err := invoke(ctx, x.cc, greeterName+"/Pid", "")
	if err != nil {
		return err
	}
	var n int
	fmt.Sscan(pid, &n)
	ended := make(chan error, 1)
	go func() {
		_, err := invoke(ctx, x.cc, greeterName+"/Wait", "")
		ended <- err
	}()
	time.AfterFunc(50*time.Millisecond, func() { syscall.Kill(n, syscall.SIGKILL) })
	if err := <-ended; status.Code(err) != codes.Unavailable {
		return fmt.Errorf("the call ended with %v", err)
	}
	if x.plugin == nil {
		return nil
	}
	<-x.plugin.Done()
	var exit *host.ExitError
	if !errors.As(x.plugin.Err(), &exit) || s.network == "unix" && exit.Exit.Signal != syscall.SIGKILL {
		return fmt.Errorf("the plugin ended with %v", x.plugin.Err())
	}
	return nil
}
