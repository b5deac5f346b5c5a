package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
)

var (
	// ErrProcessNotFound says that there is no process to reattach to, or that
	// it is not the plugin's any more.
	ErrProcessNotFound = errors.New("reattachment process not found")

	// ErrChecksumsDoNotMatch says that a program is not the one that
	// SecureConfig means.
	ErrChecksumsDoNotMatch = errors.New("checksums did not match")

	// ErrSecureConfigNoChecksum says that SecureConfig.Checksum is empty.
	ErrSecureConfigNoChecksum = errors.New("no checksum provided")

	// ErrSecureConfigNoHash says that SecureConfig.Hash is nil.
	ErrSecureConfigNoHash = errors.New("no hash implementation provided")

	// ErrSecureConfigAndReattach says that there is nothing to check in a plugin
	// that runs already.
	ErrSecureConfigAndReattach = errors.New("only one of Reattach or SecureConfig can be set")

	// ErrGRPCBrokerMuxNotSupported says that the plugin is too old for
	// ClientConfig.GRPCBrokerMultiplex: it has to be built anew, with go-plugin
	// v1.6.0 or later or with this module, or the host has to do without.
	ErrGRPCBrokerMuxNotSupported = errors.New("client requested gRPC broker multiplexing but plugin does not support the feature")
)

var (
	errNotOne      = errors.New("exactly one of Cmd, or Reattach, or RunnerFunc must be set")
	errMuxReattach = errors.New("gRPC broker multiplexing is not supported with Reattach config")
	errJunk        = errors.New("what it has printed does not announce a plugin, and nothing has followed that does")
	errKilled      = errors.New("the plugin was killed: a Client starts its plugin once, so make another with NewClient")
)

// A failure has go-plugin's text, with what is known beyond that behind it.
type failure struct {
	text   string
	causes []error // the first is the one with the story
}

func (f *failure) Error() string {
	if len(f.causes) == 0 || f.causes[0] == nil {
		return f.text
	}
	story := f.causes[0].Error()
	if strings.Contains(f.text, story) {
		return f.text
	}
	if _, rest, told := strings.Cut(story, f.text); told {
		return f.text + rest
	}
	return f.text + "\n" + story
}

func (f *failure) Unwrap() []error { return f.causes }

// prefixed is an error whose text has something before it.
func prefixed(text string, err error) error { return fmt.Errorf("%s%w", text, err) }

// A refusal is what Connect says of a line that has go-plugin's form.
type refusal struct {
	stage  host.Stage // that host.StartError is to have; empty: host's own choice
	text   string
	causes []error // what errors.Is and errors.As are to find
}

func (r *refusal) Error() string   { return r.text }
func (r *refusal) Unwrap() []error { return r.causes }

// at is the error with the stage of the refusal: to package host, which knows
// nothing of versions here, all that Connect says is about the connection.
func (r *refusal) at(told *host.StartError) *host.StartError {
	if r.stage == "" {
		return told
	}
	at := *told
	at.Stage = r.stage
	return &at
}

// asStartError gives the error of a start the text that go-plugin's would have.
func (l *launch) asStartError(err error) error {
	var told *host.StartError
	if !errors.As(err, &told) {
		return err
	}
	var refused *refusal
	var line *handshake.LineError
	switch {
	case errors.As(err, &refused):
		return &failure{refused.text, []error{refused.at(told)}}
	case errors.Is(err, ErrProcessNotFound):
		return ErrProcessNotFound // callers compare it
	case told.Stage == host.StageConfig:
		return told.Err
	case l.ranItself():
		return unwrapped(told)
	case told.Stage == host.StageFind, told.Stage == host.StageStart:
		return &failure{plainStart(told), []error{told}}
	case errors.As(err, &line):
		return &failure{l.textOfLine(line), []error{told}}
	case errors.Is(err, errJunk) && l.meant(&line):
		return &failure{l.textOfLine(line), []error{told}}
	case errors.Is(err, errJunk):
		return &failure{l.unrecognized(), []error{told}}
	case errors.Is(err, context.DeadlineExceeded):
		if _, any := l.first.line(); any {
			return &failure{l.unrecognized(), []error{told}}
		}
		return &failure{"timeout while waiting for plugin to start", []error{told}}
	case errors.Is(err, errKilled):
		return &failure{"plugin exited before we could connect", []error{told}}
	case told.Stage == host.StageHandshake:
		return &failure{l.unrecognized(), []error{told}}
	}
	var connecting *grpcplug.Error
	if errors.As(err, &connecting) && connecting.Problem == grpcplug.BadCertificate && connecting.Err != nil {
		return &failure{"error parsing server cert: " + connecting.Err.Error(), []error{told}}
	}
	return &failure{l.inWords(told.Err).Error(), []error{told}}
}

// meant reports whether the first line was meant as a handshake, and says what is
// wrong with it.
func (l *launch) meant(e **handshake.LineError) bool {
	text, _ := l.first.line()
	_, err := handshake.ParseLine([]byte(text))
	return errors.As(err, e) && (*e).Class != handshake.LineTooFewFields
}

// unwrapped is what a runner of the caller's has said, if it is what failed.
func unwrapped(e *host.StartError) error { return e.Err }

// plainStart is the text that package os/exec has for the failure.
func plainStart(e *host.StartError) string {
	cause := e.Err
	for next := cause; next != nil; next = errors.Unwrap(next) {
		cause = next
	}
	if e.Stage == host.StageFind {
		return e.Err.Error()
	}
	return "fork/exec " + e.Path + ": " + cause.Error()
}

// textOfLine is go-plugin's text for a line that cannot be read.
func (l *launch) textOfLine(e *handshake.LineError) string {
	switch e.Class {
	case handshake.LineCoreNotANumber:
		return fmt.Sprintf("error parsing core protocol version: %q is not a number", e.Field)
	case handshake.LineCoreUnknown:
		return fmt.Sprintf("incompatible core API version with plugin. Plugin version: %s, Core version: %d\n\n"+
			"To fix this, the plugin usually only needs to be recompiled.\n"+
			"Please report this to the plugin author", e.Field, CoreProtocolVersion)
	case handshake.LineAppNotANumber:
		return fmt.Sprintf("Error parsing protocol version %q", e.Field)
	case handshake.LineNetworkUnknown:
		line, _ := l.first.line()
		if fields := strings.Split(line, "|"); len(fields) > 3 {
			return "unknown address type: " + strings.TrimSpace(fields[3]) // the address and not the type: it is go-plugin's text
		}
		return "unknown address type: " + e.Field
	case handshake.LineProtocolUnknown:
		return unsupported(Protocol(e.Field), l.cfg.AllowedProtocols)
	case handshake.LineCertificateInvalid:
		return "error parsing server cert: it is not base64"
	case handshake.LineMultiplexInvalid:
		return fmt.Sprintf("error parsing %q as a boolean for gRPC broker multiplexing support", e.Field)
	}
	return l.unrecognized()
}

func unsupported(p Protocol, allowed []Protocol) string {
	return fmt.Sprintf("unsupported plugin protocol %q. Supported: %v", p, allowed)
}

// unrecognized is go-plugin's text for a program that announced itself in no way.
func (l *launch) unrecognized() string {
	line, any := l.first.line()
	text := "Unrecognized remote plugin message: " + line
	if !any {
		text += "\nFailed to read any lines from plugin's stdout"
	}
	if notes := l.diagnosis(); notes != "" {
		text += "\n" + notes
	}
	return text
}

const usualReasons = `This usually means
  the plugin was not compiled for this architecture,
  the plugin is missing dynamic-link libraries necessary to run,
  the plugin is not executable by this process due to file permissions, or
  the plugin failed to negotiate the initial go-plugin protocol handshake
`

// wrongVersion is go-plugin's text for a version that the host has not.
func wrongVersion(plugin int, all map[int]PluginSet) *refusal {
	var own []int
	for v := range all {
		own = append(own, v)
	}
	slices.Sort(own)
	return &refusal{stage: host.StageVersion, text: fmt.Sprintf("incompatible API version with plugin. Plugin version: %d, Client versions: %d", plugin, own)}
}

// A reworded error speaks of what the caller has at hand.
type reworded struct {
	text string
	err  error
}

func (r *reworded) Error() string { return r.text }
func (r *reworded) Unwrap() error { return r.err }

var words = strings.NewReplacer(
	"clear grpcplug.Protocol.TLS", "clear ClientConfig.TLSConfig",
	"grpcplug.Protocol.TLS", "ClientConfig.TLSConfig",
	"set TLS in grpcplug.Protocol", "set TLSConfig in ClientConfig",
	"set AutoMTLS in grpcplug.Protocol", "set AutoMTLS in ClientConfig",
	"grpcplug.Protocol.Multiplex", "ClientConfig.GRPCBrokerMultiplex",
	"grpcplug.Protocol.SocketDir", "ClientConfig.UnixSocketConfig.TempDir",
)

// inWords rewords what grpcplug says of a connection.
func (l *launch) inWords(err error) error {
	var e *grpcplug.Error
	if !errors.As(err, &e) {
		return err
	}
	text := words.Replace(err.Error())
	if l.attached != nil && l.attached.Session == "" && (e.Problem == grpcplug.NotGRPC || e.Problem == grpcplug.TLSFailed) {
		text += "; a plugin that was started with AutoMTLS is reattached to with the Session that its Client.ReattachConfig has"
	}
	return &reworded{text, err}
}

// asBrokerError gives an error of the broker's the text that go-plugin's had.
func (b *GRPCBroker) asBrokerError(id uint32, err error) error {
	var e *grpcplug.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Problem {
	case grpcplug.BrokerClosed:
		return &failure{"broker closed", []error{err}}
	case grpcplug.UnknownID, grpcplug.NoBroker: // which go-plugin cannot tell from the other
		if b.muxed {
			return &failure{fmt.Sprintf("failed to knock before dialling client: timeout waiting for multiplexing knock handshake on id %d", id), []error{err}}
		}
		return &failure{"timeout waiting for connection info", []error{err}}
	case grpcplug.KnockRefused:
		return &failure{"failed to knock before dialling client", []error{err}}
	}
	return err
}
