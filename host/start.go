package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/logs"
	"github.com/tenon-go/tenon/internal/peer"
	"github.com/tenon-go/tenon/internal/process"
	"github.com/tenon-go/tenon/internal/protocol"
)

// Start starts a plugin, and returns when it is ready to be called. The context
// and Config.StartTimeout bound the start, not the plugin's life. The error is a
// *[StartError]; then nothing is left of the plugin.
//
// Stop should be called before this process ends: without it the plugin is killed,
// and gets no chance to finish.
//
// The plugin runs until Stop or Kill is called, it ends by itself, or this
// process does, by whatever cause: a plugin never outlives its host.
func Start(ctx context.Context, cfg Config) (*Plugin, error) {
	cfg, err := cfg.prepared()
	if err != nil {
		return nil, configError(&cfg, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.StartTimeout, &slowError{cfg.StartTimeout})
	defer cancel()
	s := &start{Plugin: newPlugin(cfg), ctx: ctx}
	if err := s.prepare(); err != nil {
		s.cleanUp()
		return nil, configError(&cfg, err)
	}
	if err := s.begin(); err != nil {
		return nil, s.failed(err)
	}
	return s.Plugin, nil
}

func configError(cfg *Config, err error) *StartError {
	e := &StartError{Name: cfg.Name, Stage: StageConfig, Err: err}
	if cfg.Cmd != nil {
		e.Path = cfg.Cmd.Path
	}
	return e
}

// A start is a plugin that is being started.
type start struct {
	*Plugin
	ctx      context.Context
	stage    Stage
	services []tenon.Service // what the plugin may call
	offer    handshake.Offer
	hail     []byte // the offer, encoded
	carrier  carrier.Carrier
	unheard  <-chan outcome // of an exchange that nobody waits for
	sniffer  *sniffer
	text     [2]io.Writer // where stdout and stderr go
	files    []*os.File   // to be closed after the process was started
	sole     bool         // there is one protocol, and it is not Tenon's
	manner   protocol.Manner
	line     *handshake.Line // what a plugin that runs already has said
}

// prepare makes the offer, before anything is started: what is wrong with it
// is wrong with the Config.
func (s *start) prepare() (err error) {
	if err = s.prepareProtocols(); err != nil || s.sole {
		return err
	}
	own := link.ServeLog(s.deliver)
	s.services = append([]tenon.Service{own}, s.gate.Guard(s.cfg.Services)...)
	s.offer = s.cfg.offer(s.services)
	if s.hail, err = s.offer.Append(nil); err != nil {
		return inConfig(err)
	}
	return nil
}

// begin takes the start through its stages.
func (s *start) begin() error {
	s.stage = StageStart
	if s.ctx.Err() != nil {
		return fmt.Errorf("the context given to Start had ended before: %w", context.Cause(s.ctx))
	}
	run := s.spawn
	switch {
	case s.cfg.InProcess != nil:
		run = s.inProcess
	case s.manner.Run != nil:
		run = s.takeOver
	}
	if err := run(); err != nil {
		return err
	}
	if s.sole {
		return s.awaitLine()
	}
	return s.greet()
}

// spawn starts the process.
func (s *start) spawn() error {
	cmd := s.cfg.Cmd
	if cmd.Err != nil {
		s.stage = StageFind
		return cmd.Err
	}
	defer s.closeFiles()
	spec := process.Spec{
		Path:          cmd.Path,
		Args:          cmd.Args,
		Dir:           cmd.Dir,
		SysProcAttr:   cmd.SysProcAttr,
		Detached:      s.manner.Detached,
		SpareSessions: s.manner.SpareSessions,
		File:          s.manner.File,
		Env:           s.environment(),
	}
	if err := s.connect(&spec); err != nil {
		return err
	}
	proc, err := process.Start(spec)
	if err != nil {
		return err
	}
	s.run = child{proc}
	if s.manner.Started != nil {
		s.manner.Started(proc.Pid())
	}
	s.feedInput()
	return nil
}

// environment is the plugin's.
func (s *start) environment() []string {
	offer := s.offers()
	if s.sole {
		return lastWins(append(slices.Clone(s.cfg.Cmd.Env), offer...))
	}
	key, value := s.cfg.App.CookieEntry()
	offer = append(offer, key+"="+value, handshake.EnvPlugin+"="+handshake.EnvValue(3))
	return s.cfg.environment(os.Environ(), offer...)
}

// connect makes what goes to and comes from the process.
func (s *start) connect(spec *process.Spec) error {
	if s.sole {
		spec.Extra = s.cfg.Cmd.ExtraFiles
	} else if err := s.connectPeer(spec); err != nil {
		return err
	}
	if err := s.connectOutput(spec); err != nil {
		return err
	}
	return s.connectInput(spec)
}

// connectPeer makes the connection of Tenon's own protocol.
func (s *start) connectPeer(spec *process.Spec) error {
	mine, theirs, err := process.Socketpair()
	if err != nil {
		return err
	}
	s.files = append(s.files, theirs)
	spec.Extra = append([]*os.File{theirs}, s.cfg.Cmd.ExtraFiles...)
	if s.carrier, err = carrier.NewSocket(mine); err != nil {
		mine.Close()
		return err
	}
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
	mine, theirs := carrier.Pipe(256 << 10)
	s.carrier = mine
	s.run = startGuest(s.cfg.InProcess, theirs)
	return nil
}

// greet exchanges hellos and starts the peer.
func (s *start) greet() error {
	s.stage = StageHandshake
	o := s.hello()
	if a := s.spoken(); o.err != nil && a != nil {
		return s.join(a, *s.sniffer.goPlugin())
	}
	if o.err != nil {
		return s.explain(o.err)
	}
	if err := s.agree(o.answer); err != nil {
		return err
	}
	s.sniffer.stop()
	s.info = s.describe(o.answer)
	s.peer = native{peer.New(peer.Config{
		Carrier:      s.carrier,
		First:        true,
		Local:        s.cfg.Limits,
		Remote:       o.answer.Limits,
		Services:     offeredIn(s.services, o.answer.Version),
		Offered:      handshake.Offered(o.answer.Services),
		Conn:         s.Plugin,
		Diagnose:     s.Plugin.diagnose,
		Lost:         s.Plugin.lost,
		CrashOnPanic: s.cfg.CrashOnPanic,
	}, o.ahead)}
	s.gate.Open()
	go s.Plugin.watch()
	return nil
}

// protocolTenon is the name of Tenon's own protocol.
const protocolTenon = "tenon"

// native is a peer as a connection of a protocol.
type native struct{ *peer.Peer }

// Ask never finds a plugin deaf: it speaks a protocol that has the word.
func (n native) Ask() <-chan struct{} {
	n.Peer.Ask()
	return nil
}

func (s *start) describe(a handshake.Answer) Info {
	return Info{
		Name: s.cfg.Name, Path: s.path, PID: s.run.pid(), Version: a.Version,
		Reported: a.Name, Release: a.Release, Library: a.Library, Protocol: protocolTenon,
	}
}

// deliver takes a log record of the plugin's.
func (p *Plugin) deliver(ctx context.Context, r slog.Record) {
	p.words.add(r)
	// The end of the connection must not cost the last records.
	logs.Deliver(context.WithoutCancel(ctx), p.cfg.Logger, r, p.cfg.Name)
}

// offeredIn returns the services that are offered in the given version.
func offeredIn(services []tenon.Service, version int) []tenon.Service {
	var list []tenon.Service
	for _, s := range services {
		if len(s.Versions) == 0 || slices.Contains(s.Versions, version) {
			list = append(list, s)
		}
	}
	return list
}
