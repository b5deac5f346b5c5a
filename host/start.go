package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/peer"
	"github.com/tenon-go/tenon/internal/process"
)

// Start starts a plugin, and returns when it is ready to be called. The context
// and Config.StartTimeout bound the start, not the plugin's life. The error is a
// *[StartError]; then nothing is left of the plugin.
//
// The plugin runs until Stop or Kill is called, it ends by itself, or this
// process does, by whatever cause: a plugin never outlives its host.
func Start(ctx context.Context, cfg Config) (*Plugin, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, &StartError{Name: cfg.Name, Stage: StageConfig, Err: err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.StartTimeout, errSlow)
	defer cancel()
	p := &Plugin{cfg: cfg, started: time.Now(), done: make(chan struct{})}
	s := &start{Plugin: p, ctx: ctx}
	if cfg.InProcess != nil {
		err = s.inProcess()
	} else {
		err = s.spawn()
	}
	if err == nil {
		err = s.greet()
	}
	if err != nil {
		return nil, s.failed(err)
	}
	return p, nil
}

// A start is a plugin that is being started.
type start struct {
	*Plugin
	ctx     context.Context
	stage   Stage
	carrier carrier.Carrier
	sniffer *sniffer
	files   []*os.File // to be closed after the process was started
}

var (
	errSlow = errors.New("it took too long")
	errKept = errors.New("the process has ended, but something that it started holds the connection")
)

// spawn starts the process.
func (s *start) spawn() error {
	cmd := s.cfg.Cmd
	s.path = cmd.Path
	if cmd.Err != nil && !errors.Is(cmd.Err, exec.ErrDot) {
		s.stage = StageFind
		return cmd.Err
	}
	s.stage = StageStart
	defer s.closeFiles()
	mine, theirs, err := process.Socketpair()
	if err != nil {
		return err
	}
	s.files = append(s.files, theirs)
	if s.carrier, err = carrier.NewSocket(mine); err != nil {
		mine.Close()
		return err
	}
	key, value := s.cfg.App.CookieEntry()
	spec := process.Spec{
		Path:        cmd.Path,
		Args:        cmd.Args,
		Dir:         cmd.Dir,
		Env:         s.cfg.environment(os.Environ(), key+"="+value, handshake.EnvPlugin+"="+handshake.EnvValue(3)),
		Extra:       append([]*os.File{theirs}, cmd.ExtraFiles...),
		SysProcAttr: cmd.SysProcAttr,
	}
	if err := s.connectOutput(&spec); err != nil {
		return err
	}
	if err := s.connectInput(&spec); err != nil {
		return err
	}
	proc, err := process.Start(spec)
	if err != nil {
		return err
	}
	s.run = child{proc}
	s.info.PID = proc.Pid()
	return nil
}

func (s *start) closeFiles() {
	for _, f := range s.files {
		f.Close()
	}
	s.files = nil
}

// inProcess starts the plugin in this process.
func (s *start) inProcess() error {
	s.stage = StageStart
	mine, theirs := carrier.Pipe(256 << 10)
	s.carrier = mine
	s.run = startGuest(s.cfg.InProcess, theirs)
	return nil
}

// greet exchanges hellos and starts the peer.
func (s *start) greet() error {
	s.stage = StageHandshake
	services := append([]tenon.Service{link.ServeLog(s.deliver)}, s.cfg.Services...)
	offer := s.offer(services)
	answer, ahead, err := s.hello(offer)
	if err != nil {
		return err
	}
	s.stage = StageVersion
	if err := offer.Check(answer); err != nil {
		return named(err, s.cfg.Name)
	}
	s.info = Info{
		Name: s.cfg.Name, Path: s.path, PID: s.run.pid(), Version: answer.Version,
		Reported: answer.Name, Release: answer.Release, Library: answer.Library, Protocol: "tenon",
	}
	s.peer = peer.New(peer.Config{
		Carrier:      s.carrier,
		First:        true,
		Local:        s.cfg.Limits,
		Remote:       answer.Limits,
		Services:     offeredIn(services, answer.Version),
		Offered:      handshake.Offered(answer.Services),
		Conn:         s.Plugin,
		Diagnose:     s.Plugin.diagnose,
		CrashOnPanic: s.cfg.CrashOnPanic,
	}, ahead)
	s.sniffer.stop()
	go s.Plugin.watch()
	return nil
}

func (s *start) offer(services []tenon.Service) handshake.Offer {
	_, cookie := s.cfg.App.CookieEntry()
	described := handshake.Describe(services)
	for i := range described {
		described[i].Versions = services[i].Versions
	}
	return handshake.Offer{
		App:      s.cfg.App.Name,
		Cookie:   cookie,
		Versions: s.cfg.App.Supported(),
		Services: described,
		Limits:   s.cfg.Limits,
		LogLevel: s.cfg.LogLevel.Level(),
		Plugin:   s.cfg.Name,
		Library:  tenon.Library,
		PID:      os.Getpid(),
	}
}

// deliver takes a log record of the plugin's.
func (p *Plugin) deliver(ctx context.Context, r slog.Record) {
	logs.Deliver(ctx, p.cfg.Logger, r, p.cfg.Name)
}

// hello sends the offer and waits for the answer, or for a reason why none will
// come.
func (s *start) hello(offer handshake.Offer) (handshake.Answer, []byte, error) {
	body, err := offer.Append(nil)
	if err != nil {
		return handshake.Answer{}, nil, err
	}
	type result struct {
		answer handshake.Answer
		ahead  []byte
		err    error
	}
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	got := make(chan result, 1)
	go func() {
		var r result
		r.answer, r.ahead, r.err = exchange(ctx, s.carrier, body)
		got <- r
	}()
	select {
	case r := <-got:
		return r.answer, r.ahead, s.explain(r.err)
	case <-s.run.Done():
	case <-s.sniffer.found():
	}
	// It may have said hello just before it ended.
	select {
	case r := <-got:
		if r.err == nil {
			return r.answer, r.ahead, nil
		}
	case <-time.After(50 * time.Millisecond):
		cancel(errQuiet)
		<-got
	}
	return handshake.Answer{}, nil, s.explain(errQuiet)
}

func exchange(ctx context.Context, c carrier.Carrier, offer []byte) (handshake.Answer, []byte, error) {
	// A plugin that is no plugin closes its end: what it did not read is not
	// the news, but that it says nothing.
	sendErr := link.Send(ctx, c, offer)
	body, ahead, err := link.Receive(ctx, c)
	switch {
	case err != nil && sendErr != nil && ctx.Err() != nil:
		return handshake.Answer{}, nil, sendErr
	case err != nil:
		return handshake.Answer{}, nil, err
	}
	answer, err := handshake.ParseAnswer(body)
	return answer, ahead, err
}

// offeredIn returns the services that are offered in the given version.
func offeredIn(services []tenon.Service, version int) []tenon.Service {
	var list []tenon.Service
	for _, s := range services {
		if len(s.Versions) == 0 || contains(s.Versions, version) {
			list = append(list, s)
		}
	}
	return list
}

func contains(list []int, v int) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// A child is a runner: a process.
type child struct{ *process.Process }

func (c child) kill()                 { c.KillTree() }
func (c child) outcome() process.Exit { return c.Exit() }
func (c child) pid() int              { return c.Pid() }

// A guest is a runner: a plugin in this process.
type guest struct {
	cancel context.CancelFunc
	done   chan struct{}
	began  time.Time

	mu   sync.Mutex
	exit process.Exit
}

func startGuest(serve func(context.Context, carrier.Carrier) error, c carrier.Carrier) *guest {
	ctx, cancel := context.WithCancel(context.Background())
	g := &guest{cancel: cancel, done: make(chan struct{}), began: time.Now()}
	go func() {
		defer close(g.done)
		err := serve(ctx, c)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.exit = process.Exit{Started: g.began, Ended: time.Now()}
		if err != nil {
			g.exit.Code = 1
		}
	}()
	return g
}

func (g *guest) Done() <-chan struct{} { return g.done }
func (g *guest) terminate()            { g.cancel() }
func (g *guest) kill()                 { g.cancel() }
func (g *guest) pid() int              { return 0 }

func (g *guest) outcome() process.Exit {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exit
}

var _ io.Closer = (carrier.Carrier)(nil)

func named(err error, name string) error {
	var v *handshake.VersionError
	var r *handshake.RefusedError
	switch {
	case errors.As(err, &v):
		v.Name = name
	case errors.As(err, &r):
		r.Name = name
	default:
		return err
	}
	return fmt.Errorf("%w", err)
}
