package host

import (
	"fmt"
	"io"
	"slices"

	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
	"github.com/tenon-go/tenon/internal/stdio"
)

// prepareProtocols has each protocol make its offer.
func (s *start) prepareProtocols() error {
	if s.cfg.InProcess != nil {
		return nil
	}
	for i, p := range s.cfg.Protocols {
		if p == nil {
			return fmt.Errorf("host.Config.Protocols[%d] is nil", i)
		}
		a, err := p.Prepare(protocol.Launch{
			App: s.cfg.App, Name: s.cfg.Name, Limits: s.cfg.Limits, Services: s.gate.Guard(s.cfg.Services),
		})
		if err != nil {
			return fmt.Errorf("host.Config.Protocols[%d]: %w", i, err)
		}
		s.attempts = append(s.attempts, a)
		if sole, ok := a.(protocol.Sole); ok && len(s.cfg.Protocols) == 1 {
			s.sole, s.manner = true, sole.Manner()
		}
	}
	return nil
}

// offers returns what the protocols put into the plugin's environment.
func (s *start) offers() (env []string) {
	for _, a := range s.attempts {
		env = append(env, a.Env()...)
	}
	return env
}

// known returns what reports whether the host speaks a protocol, nil if it
// speaks none but Tenon's.
func (s *start) known() func(string) bool {
	if len(s.attempts) == 0 {
		return nil
	}
	return func(name string) bool { return s.speaker(name) != nil }
}

func (s *start) speaker(name string) protocol.Attempt {
	for _, a := range s.attempts {
		if a.Speaks(name) {
			return a
		}
	}
	return nil
}

// spoken returns what can connect to the plugin, if that has announced itself
// as go-plugin's do.
func (s *start) spoken() protocol.Attempt {
	l := s.sniffer.goPlugin()
	if l == nil {
		return nil
	}
	return s.speaker(l.Protocol)
}

// join connects to a plugin that speaks another protocol.
func (s *start) join(a protocol.Attempt, line handshake.Line) error {
	if s.carrier != nil {
		s.carrier.Close()
		s.carrier = nil
	}
	if s.unheard != nil {
		// Not before the connection: to be woken takes the exchange a moment.
		defer func() { <-s.unheard }()
	}
	s.stage = StageVersion
	if !s.sole && !slices.Contains(s.offer.Versions, line.App) {
		return &handshake.VersionError{App: s.cfg.App.Name, Host: s.offer.Versions, Plugin: []int{line.App}, Name: s.cfg.Name}
	}
	s.stage = StageConnect
	out, errs := s.connectSent()
	conn, err := a.Connect(s.ctx, line, protocol.Setup{
		Self: s.Plugin, Stdout: out, Stderr: errs, Gone: s.run.Done(), Exit: s.gone,
		Diagnose: s.diagnose, Logger: s.cfg.Logger, CrashOnPanic: s.cfg.CrashOnPanic,
	})
	if err != nil {
		out.Close()
		errs.Close()
		return err
	}
	s.info = Info{
		Name: s.cfg.Name, Path: s.path, PID: s.run.pid(), Version: line.App, Protocol: line.Protocol,
	}
	s.peer = conn
	s.gate.Open()
	go s.Plugin.watch()
	return nil
}

// connectSent makes what brings the output that comes on the connection to
// where the process's own goes.
func (s *start) connectSent() (out, errs io.WriteCloser) {
	r, w := io.Pipe()
	s.sent[0] = stdio.Start(r, stdio.PumpOptions{Text: s.text[0]})
	re, we := io.Pipe()
	s.sent[1] = stdio.Start(re, s.errorOutput(s.text[1]))
	return w, we
}

// gone says how the process has ended.
func (p *Plugin) gone() protocol.Exit {
	x := p.run.outcome()
	return protocol.Exit{PID: p.run.pid(), Code: x.Code, Signal: x.Signal, User: x.User, System: x.System, MaxRSS: x.MaxRSS}
}
