package plugin

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/tenon-go/tenon/internal/protocol"
)

// runRunner has the caller's runner start the plugin.
func (l *launch) runRunner(ctx context.Context, env []string) (protocol.Running, error) {
	cmd := exec.Command("")
	cmd.Err = nil
	cmd.Env, cmd.Stdin = env, os.Stdin
	r, err := l.cfg.RunnerFunc(l.cfg.Logger, cmd, l.socketDir())
	if err != nil {
		return nil, err
	}
	if err := r.Start(ctx); err != nil {
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
