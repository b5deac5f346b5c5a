package plugin

import (
	"context"
	"errors"
	"net"
	"net/rpc"
	"runtime"
	"testing"
	"time"
)

// A call that cannot even be written has an end, and they do not pile up.
func TestCallUnread(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := &RPCClient{control: rpc.NewClient(ours), turn: make(chan struct{}, 1)}
	before := runtime.NumGoroutine()
	ended := make(chan error)
	go func() {
		for range 10 {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			ended <- c.call(ctx, "Control.Ping", true, new(struct{}))
			cancel()
		}
	}()
	for range 10 {
		select {
		case err := <-ended:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the error is %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it goes on")
		}
	}
	if n := runtime.NumGoroutine() - before; n > 2 {
		t.Errorf("%d goroutines write", n)
	}
	c.control.Close()
	select {
	case c.turn <- struct{}{}:
	case <-time.After(10 * time.Second):
		t.Error("who writes goes on when the connection has ended")
	}
}
