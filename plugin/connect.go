package plugin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/peer"
)

// connect exchanges hellos with the host and starts the peer.
func (s *server) connect(ctx context.Context) error {
	body, ahead, err := link.Receive(ctx, s.carrier)
	if err != nil {
		return fmt.Errorf("no hello from the host: %w", err)
	}
	offer, err := handshake.ParseOffer(body)
	if err != nil {
		return s.refuse(ctx, &handshake.Refusal{Reason: handshake.InitFailed, Text: err.Error()}, err)
	}
	s.level.Set(offer.LogLevel)
	answer, services, err := s.decide(ctx, offer)
	if answer.Refusal != nil {
		return s.refuse(ctx, answer.Refusal, err)
	}
	if body, err = answer.Append(nil); err == nil {
		err = link.Send(ctx, s.carrier, body)
	}
	if err != nil {
		return err
	}
	s.peer = peer.New(peer.Config{
		Carrier:      s.carrier,
		Local:        s.cfg.Limits,
		Remote:       offer.Limits,
		Services:     s.gate.Guard(services),
		Offered:      handshake.Offered(offer.ServicesIn(answer.Version)),
		OnAsked:      func() { close(s.asked) },
		Lost:         lost,
		CrashOnPanic: s.cfg.CrashOnPanic,
	}, ahead)
	return nil
}

// lost logs that a call of the plugin's failed with nobody to tell.
func lost(contract, method string, err error) {
	slog.Warn("a call failed, and its method has no error result", "contract", contract, "method", method, "error", err.Error())
}

// decide returns the answer to the offer. If that is a refusal the error says
// the same.
func (s *server) decide(ctx context.Context, offer handshake.Offer) (handshake.Answer, []tenon.Service, error) {
	failed := func(err error) (handshake.Answer, []tenon.Service, error) {
		return handshake.Answer{Refusal: &handshake.Refusal{
			Reason: handshake.InitFailed, App: s.cfg.App.Name, Text: err.Error(),
		}}, nil, err
	}
	if err := s.cfg.check(); err != nil {
		return failed(err)
	}
	version, refusal := offer.Decide(s.cfg.app())
	if refusal != nil {
		answer := handshake.Answer{Refusal: refusal}
		return answer, nil, offer.Check(answer)
	}
	services := append(s.cfg.offered(version), link.ServeControl(s.level))
	answer := s.answer(version, services)
	// The only way to find out whether it can be sent.
	if _, err := answer.Append(nil); err != nil {
		return failed(inConfig(err))
	}
	if s.cfg.Init != nil {
		if err := s.cfg.Init(ctx); err != nil {
			return failed(err)
		}
	}
	return answer, services, nil
}

// refuse tells the host why the plugin does not serve, and returns why.
func (s *server) refuse(ctx context.Context, r *handshake.Refusal, why error) error {
	body, err := handshake.Answer{Refusal: r}.Append(nil)
	if err != nil { // the plugin's own names and versions are what is wrong
		body, err = handshake.Answer{Refusal: &handshake.Refusal{Reason: r.Reason, Text: why.Error()}}.Append(nil)
	}
	if err == nil {
		err = link.Send(ctx, s.carrier, body)
	}
	if err != nil {
		return why
	}
	return &toldError{why}
}

// inConfig says what is wrong with an answer in the words of the Config.
func inConfig(err error) error {
	var hello *handshake.HelloError
	if !errors.As(err, &hello) {
		return err
	}
	field, _, _ := strings.Cut(hello.Field, ".")
	name, ok := map[string]string{
		"services": "Services", "limits": "Limits", "name": "Name", "release": "Release",
	}[field]
	if !ok {
		return err
	}
	return fmt.Errorf("plugin.Config.%s: %s", name, hello.Problem)
}

// check reports what is wrong with cfg, in the words of its fields.
func (cfg *Config) check() error {
	if err := cfg.App.Validate(); err != nil {
		return err
	}
	for i, s := range cfg.Services {
		if s.Contract == nil || s.Server == nil {
			return fmt.Errorf("plugin.Config.Services[%d] is empty", i)
		}
	}
	return nil
}

// app is the app with the versions that any service is offered in.
func (cfg *Config) app() tenon.App {
	app := cfg.App
	app.Versions = slices.Clone(app.Versions)
	for _, service := range cfg.Services {
		app.Versions = append(app.Versions, service.Versions...)
	}
	app.Version = slices.Max(app.Supported())
	return app
}

// offered returns the services that are offered in the given version.
func (cfg *Config) offered(version int) []tenon.Service {
	newest := slices.Max(cfg.App.Supported())
	var list []tenon.Service
	for _, service := range cfg.Services {
		versions := service.Versions
		if len(versions) == 0 {
			versions = []int{newest}
		}
		if slices.Contains(versions, version) {
			list = append(list, service)
		}
	}
	return list
}

func (s *server) answer(version int, services []tenon.Service) handshake.Answer {
	return handshake.Answer{
		Version:  version,
		Services: handshake.Describe(services),
		Limits:   s.cfg.Limits,
		Name:     s.cfg.name(),
		Release:  s.cfg.Release,
		Library:  tenon.Library,
		PID:      os.Getpid(),
	}
}

// name is the plugin's own name for itself.
func (cfg *Config) name() string {
	if cfg.Name != "" {
		return cfg.Name
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
