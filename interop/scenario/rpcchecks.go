package scenario

import (
	"context"
	"fmt"
	"net"
	"net/rpc"
	"strings"
	"syscall"
)

// RPCChecks are Checks for plugins that speak net/rpc.
var RPCChecks = []Check{
	{Name: "call", Run: rpcCall},
	{Name: "large", Run: rpcLarge},
	{Name: "ping", Run: func(ctx context.Context, x *Session, _ Facts) error { return x.Ping(ctx) }},
	{Name: "version", Run: rpcVersion},
	{Name: "callback", Run: rpcCallback},
	{Name: "offer", Run: rpcOffer},
	{Name: "bytes", Run: rpcBytes},
	{Name: "stdio", Run: rpcStdio},
	{Name: "log", Run: rpcLog},
	{Name: "secured", Own: true, Run: rpcSecured},
	{Name: "reattach", Run: rpcReattach},
}

// rpcEnds are how a plugin ends otherwise than in good order.
var rpcEnds = []Check{
	{Name: "kill", Run: rpcKill},
	{Name: "crash", Run: rpcCrash},
}

func rpcCall(_ context.Context, x *Session, _ Facts) error {
	var out Visit
	err := x.RPC.Call("Plugin.Greet", Visit{Who: []string{"you", "me"}, Words: map[string]string{"hello": "salve"}}, &out)
	if err := expect(fmt.Sprint(out), "{[you me] map[me:salve, me you:salve, you]}", err); err != nil {
		return err
	}
	err = x.RPC.Call("Plugin.Fail", "lost it", new(string))
	if _, ok := err.(rpc.ServerError); !ok || err.Error() != "lost it" {
		return fmt.Errorf("the error is %T %v", err, err)
	}
	if err := x.RPC.Call("Plugin.Nothing", true, new(bool)); err == nil || !strings.Contains(err.Error(), "can't find method") {
		return fmt.Errorf("a method that there is not: %v", err)
	}
	return nil
}

func rpcLarge(_ context.Context, x *Session, f Facts) error {
	in, out := patterned(f.MaxSend), []byte(nil)
	if err := x.RPC.Call("Plugin.Large", in, &out); err != nil {
		return err
	}
	return same("the answer", inverted(out), in)
}

func rpcVersion(_ context.Context, x *Session, _ Facts) error {
	var got int
	err := x.RPC.Call("Plugin.Version", true, &got)
	if x.Version != Newest {
		return fmt.Errorf("version %d was agreed on, not the highest", x.Version)
	}
	return expect(fmt.Sprint(got), fmt.Sprint(Newest), err)
}

func rpcCallback(_ context.Context, x *Session, _ Facts) error {
	for range 3 {
		id := x.Mux.NextId()
		served := make(chan struct{})
		go func() { x.Mux.AcceptAndServe(id, &RPCBack{"host"}); close(served) }()
		var got string
		err := x.RPC.Call("Plugin.Back", id, &got)
		<-served
		if err := expect(got, "host answers the plugin", err); err != nil {
			return err
		}
	}
	return nil
}

func rpcOffer(_ context.Context, x *Session, _ Facts) error {
	for range 3 {
		var id uint32
		if err := x.RPC.Call("Plugin.Offer", true, &id); err != nil {
			return err
		}
		got, err := askRPC(x.Mux, id, "the host")
		if err := expect(got, "plugin answers the host", err); err != nil {
			return err
		}
	}
	return nil
}

// rpcBytes sends more than a window of yamux's on a connection that the plugin
// accepts, and then on one that the host accepts.
func rpcBytes(_ context.Context, x *Session, _ Facts) error {
	all := patterned(1<<20 + 7)
	var id uint32
	if err := x.RPC.Call("Plugin.Mirror", true, &id); err != nil {
		return err
	}
	c, err := x.Mux.Dial(id)
	if err != nil {
		return err
	}
	if err := sent(c, all); err != nil {
		return err
	}
	c, made, err := acceptDuring(x, "Plugin.MirrorTo")
	if err != nil {
		return err
	}
	if err := sent(c, all); err != nil {
		return err
	}
	return (<-made).Error
}

// acceptDuring accepts a connection that a method of the plugin's makes.
func acceptDuring(x *Session, method string) (net.Conn, <-chan *rpc.Call, error) {
	id := x.Mux.NextId()
	call := x.RPC.Go(method, id, new(bool), make(chan *rpc.Call, 1))
	c, err := x.Mux.Accept(id)
	return c, call.Done, err
}

// rpcStdio has the plugin print all bytes that there are, no line among them, and
// more than a pipe holds.
func rpcStdio(ctx context.Context, x *Session, _ Facts) error {
	p := Page{Out: patterned(100_001), Err: inverted(patterned(70_003))}
	if err := x.RPC.Call("Plugin.Print", p, new(bool)); err != nil {
		return err
	}
	if err := x.Out.awaitLength(ctx, len(p.Out)); err != nil {
		return err
	}
	if err := same("standard output", []byte(x.Out.String()), p.Out); err != nil {
		return err
	}
	if err := x.Errs.awaitLength(ctx, len(p.Err)); err != nil {
		return err
	}
	// Nothing of the one may be in the other.
	x.Out.clear()
	err := same("standard error", []byte(x.Errs.String()), p.Err)
	x.Errs.clear() // which reports would show
	return err
}

func rpcLog(ctx context.Context, x *Session, _ Facts) error {
	if err := x.RPC.Call("Plugin.Log", "log this", new(bool)); err != nil {
		return err
	}
	return x.Log.await(ctx, "log this")
}

func rpcSecured(_ context.Context, x *Session, _ Facts) error {
	var n int
	err := x.RPC.Call("Plugin.Secured", true, &n)
	return expect(fmt.Sprint(n > 0), "true", err)
}

// rpcReattach has another client use, and end, a plugin that runs.
func rpcReattach(ctx context.Context, x *Session, f Facts) error {
	again, err := x.Reattach()
	if err != nil {
		return err
	}
	defer again.Kill()
	for _, c := range []func(context.Context, *Session, Facts) error{rpcCall, rpcCallback, rpcOffer} {
		if err := c(ctx, again, f); err != nil {
			return err
		}
	}
	if err := again.Ping(ctx); err != nil {
		return err
	}
	return rpcStop(ctx, again, f)
}

func rpcStop(ctx context.Context, x *Session, f Facts) error {
	pid, err := rpcPid(x)
	if err == nil {
		err = checkStop(ctx, x, f)
	}
	if err == nil {
		err = wasOrderly(pid)
	}
	return err
}

func rpcPid(x *Session) (pid int, err error) {
	err = x.RPC.Call("Plugin.Pid", true, &pid)
	return pid, err
}

// rpcKill has the host kill a plugin that it calls.
func rpcKill(ctx context.Context, x *Session, _ Facts) error {
	return rpcEndDuringCall(ctx, x, func(int) { x.Kill() })
}

// rpcCrash kills a plugin behind its host's back.
func rpcCrash(ctx context.Context, x *Session, _ Facts) error {
	err := rpcEndDuringCall(ctx, x, func(pid int) { syscall.Kill(pid, syscall.SIGKILL) })
	if err == nil {
		err = x.Crashed()
	}
	return err
}

func rpcEndDuringCall(ctx context.Context, x *Session, end func(pid int)) error {
	pid, err := rpcPid(x)
	if err != nil {
		return err
	}
	_, waiting, err := acceptDuring(x, "Plugin.Wait")
	if err != nil {
		return err
	}
	end(pid)
	select {
	case ended := <-waiting:
		if ended.Error == nil {
			return fmt.Errorf("the call ended without an error")
		}
	case <-ctx.Done():
		return fmt.Errorf("the call has not ended")
	}
	return awaitGone(ctx, pid)
}

// Hello calls a plugin once, whatever it speaks.
func Hello(ctx context.Context, x *Session) error {
	if x.RPC != nil {
		return rpcCall(ctx, x, Facts{})
	}
	return checkCall(ctx, x, Facts{})
}

// Choices is how many a host makes with a plugin that speaks both protocols.
const Choices = 6
