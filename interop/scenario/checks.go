package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A Check is something that host and plugin can do together.
type Check struct {
	Name     string
	Broker   bool // it needs the broker
	Contract bool // it needs a plugin with a contract
	Own      bool // it needs certificates of one's own
	Run      func(context.Context, *Session, Facts) error
}

// Checks are made one after the other on one plugin.
var Checks = []Check{
	{Name: "call", Run: checkCall},
	{Name: "stream", Run: checkStream},
	{Name: "large", Run: checkLarge},
	{Name: "ping", Run: func(ctx context.Context, x *Session, _ Facts) error { return x.Ping(ctx) }},
	{Name: "version", Run: checkVersion},
	{Name: "callback", Broker: true, Run: checkCallback},
	{Name: "offer", Broker: true, Run: checkOffer},
	{Name: "stdio", Run: checkStdio},
	{Name: "log", Run: checkLog},
	{Name: "contract", Contract: true, Run: checkContract},
}

// grpcEnds are how a plugin ends otherwise than in good order.
var grpcEnds = []Check{
	{Name: "kill", Run: checkKill},
	{Name: "crash", Run: checkCrash},
}

func expect(got, want string, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("got %.100q, want %.100q", got, want)
	}
	return err
}

func checkCall(ctx context.Context, x *Session, _ Facts) error {
	got, err := Invoke(ctx, x.CC, greeterName+"/Greet", "you")
	if err := expect(got, "hello, you", err); err != nil {
		return err
	}
	if _, err = Invoke(ctx, x.CC, greeterName+"/Fail", "lost it"); status.Code(err) != codes.NotFound {
		return fmt.Errorf("the error is %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err = Invoke(short, x.CC, greeterName+"/Wait", ""); status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("the error is %v", err)
	}
	return nil
}

func checkStream(ctx context.Context, x *Session, _ Facts) error {
	s, err := x.CC.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+greeterName+"/Echo")
	if err != nil {
		return err
	}
	for i := range 100 {
		if err := s.SendMsg(&Text{fmt.Sprint(i)}); err != nil {
			return err
		}
		out := new(Text)
		err := s.RecvMsg(out)
		if err := expect(out.Value, fmt.Sprintf("echo %d", i), err); err != nil {
			return err
		}
	}
	s.CloseSend()
	if err := s.RecvMsg(new(Text)); err != io.EOF {
		return fmt.Errorf("at the end: %v", err)
	}
	return nil
}

// checkLarge has more come than gRPC's own limit of 4 MiB, and sends as much if
// the plugin takes it.
func checkLarge(ctx context.Context, x *Session, f Facts) error {
	got, err := Invoke(ctx, x.CC, greeterName+"/Large", strings.Repeat("y", f.MaxSend))
	return expect(got[max(len(got)-1, 0):], "y", err)
}

func checkVersion(ctx context.Context, x *Session, _ Facts) error {
	got, err := Invoke(ctx, x.CC, greeterName+"/Version", "")
	if x.Version != Newest {
		return fmt.Errorf("version %d was agreed on, not the highest", x.Version)
	}
	return expect(got, fmt.Sprint(Newest), err)
}

func checkCallback(ctx context.Context, x *Session, _ Facts) error {
	for range 3 {
		id := x.Broker.Next()
		stop, err := x.Broker.Serve(id, answers("host"))
		if err != nil {
			return err
		}
		got, err := Invoke(ctx, x.CC, greeterName+"/Back", fmt.Sprint(id))
		stop()
		if err := expect(got, "host answers the plugin", err); err != nil {
			return err
		}
	}
	return nil
}

func checkOffer(ctx context.Context, x *Session, _ Facts) error {
	for range 3 {
		id, err := Invoke(ctx, x.CC, greeterName+"/Offer", "")
		if err != nil {
			return err
		}
		var n uint32
		fmt.Sscan(id, &n)
		got, err := callBack(ctx, x.Broker, n, "the host")
		if err := expect(got, "plugin answers the host", err); err != nil {
			return err
		}
	}
	return nil
}

func checkStdio(ctx context.Context, x *Session, _ Facts) error {
	if _, err := Invoke(ctx, x.CC, greeterName+"/Print", "it"); err != nil {
		return err
	}
	if err := x.Out.await(ctx, "out it\n"); err != nil {
		return err
	}
	if s := x.Out.String(); strings.Contains(s, "|grpc|") {
		return fmt.Errorf("the handshake is among the output: %q", s)
	}
	return x.Errs.await(ctx, "err it\n")
}

func checkLog(ctx context.Context, x *Session, _ Facts) error {
	if _, err := Invoke(ctx, x.CC, greeterName+"/Print", "this"); err != nil {
		return err
	}
	return x.Log.await(ctx, "log this")
}

// ContractName is the contract that Tenon's plugins have beside the greeter, with
// a method of the same form.
const ContractName = "interop.Kept"

func checkContract(ctx context.Context, x *Session, _ Facts) error {
	got, err := Invoke(ctx, x.CC, ContractName+"/Greet", "you")
	return expect(got, "kept you", err)
}

func checkStop(_ context.Context, x *Session, _ Facts) error {
	if err := x.Stop(); err != nil {
		return err
	}
	// go-plugin's hosts say so when they had to kill it.
	if log := x.Log.String(); strings.Contains(log, "gracefully") {
		return errors.New(Ungraceful)
	}
	return nil
}

// Ungraceful is what is said of a plugin that its host had to kill.
const Ungraceful = "it has not ended by itself"

// checkKill has the host kill a plugin that it calls.
func checkKill(ctx context.Context, x *Session, _ Facts) error {
	return endDuringCall(ctx, x, func(int) { x.Kill() })
}

// checkCrash kills a plugin behind its host's back.
func checkCrash(ctx context.Context, x *Session, _ Facts) error {
	err := endDuringCall(ctx, x, func(pid int) { syscall.Kill(pid, syscall.SIGKILL) })
	if err == nil && x.Crashed != nil {
		err = x.Crashed()
	}
	return err
}

func endDuringCall(ctx context.Context, x *Session, end func(pid int)) error {
	s, err := Invoke(ctx, x.CC, greeterName+"/Pid", "")
	if err != nil {
		return err
	}
	var pid int
	fmt.Sscan(s, &pid)
	// A stream, because its first answer shows that the call is under way.
	calling, err := x.CC.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+greeterName+"/Echo")
	if err != nil {
		return err
	}
	if err := calling.SendMsg(&Text{"1"}); err != nil {
		return err
	}
	if err := calling.RecvMsg(new(Text)); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- calling.RecvMsg(new(Text)) }()
	end(pid)
	if err := <-ended; err == nil || err == io.EOF { // the status depends on the version of gRPC
		return fmt.Errorf("the call ended with %v", err)
	}
	return awaitGone(ctx, pid)
}

// awaitGone waits for the end of a process, which is nobody's child that waits
// for it when it was behind a relay: it may stay a zombie.
func awaitGone(ctx context.Context, pid int) error {
	for {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if syscall.Kill(pid, 0) == syscall.ESRCH || strings.Contains(string(stat), ") Z ") {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond): // nothing tells of the end of another's child
		case <-ctx.Done():
			return fmt.Errorf("process %d is still there", pid)
		}
	}
}
