package plugin

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/tenon-go/tenon/compat/goplugin/runner"
	"github.com/tenon-go/tenon/internal/protocol"
)

// runRunner has the caller's runner start the plugin.
func (l *launch) runRunner(ctx context.Context, env []string) (protocol.Running, error) {
	cmd := exec.Command("")
	cmd.Err = nil
	cmd.Env, cmd.Stdin = env, os.Stdin
	r, err := startRunner(ctx, func() (runner.Runner, error) {
		return l.cfg.RunnerFunc(l.cfg.Logger, cmd, l.socketDir())
	})
	if err != nil {
		return nil, err
	}
	l.runner, l.diagnose = r, r.Diagnose
	a := new(attached)
	var ends sync.WaitGroup
	for i, from := range []io.ReadCloser{r.Stdout(), r.Stderr()} {
		if from != nil {
			ends.Add(1)
			a.out[i] = &eofReader{ReadCloser: from, ended: ends.Done}
		}
	}
	// Runners may be made on package exec, whose Wait closes the pipes: what is
	// in them must have been read.
	read := make(chan struct{})
	go func() { ends.Wait(); close(read) }()
	return a.watch(r, read, false), nil
}

// An eofReader tells when a reader has ended.
type eofReader struct {
	io.ReadCloser
	once  sync.Once
	ended func()
}

func (e *eofReader) Read(b []byte) (int, error) {
	n, err := e.ReadCloser.Read(b)
	if err != nil {
		e.once.Do(e.ended)
	}
	return n, err
}

func (e *eofReader) Close() error {
	e.once.Do(e.ended)
	return e.ReadCloser.Close()
}

// startRunner makes and starts a runner, and waits no longer than ctx for that. One
// that comes later is killed.
func startRunner(ctx context.Context, create func() (runner.Runner, error)) (runner.Runner, error) {
	type outcome struct {
		r        runner.Runner
		err      error
		panicked any
	}
	made := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover()
			made <- o
		}()
		if o.r, o.err = create(); o.err == nil {
			o.err = o.r.Start(ctx)
		}
	}()
	select {
	case o := <-made:
		if o.panicked != nil {
			panic(o.panicked) // the caller's, who may expect it
		}
		return o.r, o.err
	case <-ctx.Done():
		go func() {
			if o := <-made; o.r != nil && o.err == nil && o.panicked == nil {
				o.r.Kill(context.Background())
			}
		}()
		return nil, context.Cause(ctx)
	}
}
