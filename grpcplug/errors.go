package grpcplug

import (
	"fmt"
	"strings"
)

// A Problem is what an [Error] is about.
type Problem int

// The problems. Those up to NoMultiplex end a host's start.
const (
	NobodyThere         Problem = 1 + iota // nothing listens where the plugin said
	NotGRPC                                // what listens there is something else
	TLSFailed                              // the two sides do not trust each other
	BadCertificate                         // the certificate in the handshake is none
	UnwantedCertificate                    // there is one, though the host has not asked for it
	NoCertificate                          // there is none, though the host has asked for it
	NoMultiplex                            // the plugin cannot multiplex its broker
	BadEnvironment                         // a variable that the host has set makes no sense
	NoPort                                 // all ports of the range are taken
	NoSocket                               // a socket could not be made
	UnknownID                              // the broker was not told of an id in time
	KnockRefused                           // the other side refuses a connection for an id
	BadBrokerMessage                       // the broker got what it cannot read or make sense of
	BrokerBusy                             // more is waiting in the broker than it holds
	BrokerClosed                           // the connection has ended
	NoBroker                               // the plugin has no broker
)

var problems = map[Problem]struct{ says, try string }{
	NobodyThere:         {"nothing answers at the address that the plugin gave", "the plugin may have ended, or run in a container or under a user with other directories: grpcplug.Protocol.SocketDir says where its sockets are"},
	NotGRPC:             {"what listens at the address that the plugin gave does not speak gRPC, or wants TLS", "if the plugin has a TLS configuration of its own (go-plugin's TLSProvider), set TLS in grpcplug.Protocol; otherwise another program has its port"},
	TLSFailed:           {"host and plugin do not trust each other", "if what it got is no TLS, the plugin serves none: clear grpcplug.Protocol.TLS. AutoMTLS works with certificates that each side makes anew; with grpcplug.Protocol.TLS see that each side has the other's authority, and that ServerName is in the plugin's certificate"},
	BadCertificate:      {"the certificate in the plugin's handshake cannot be read", "the sixth field is a certificate in DER, as base64: the plugin's library is at fault"},
	UnwantedCertificate: {"the plugin's handshake has a certificate, though the host has not asked for TLS", "set AutoMTLS in grpcplug.Protocol"},
	NoCertificate:       {"the plugin's handshake has no certificate, though the host asks for AutoMTLS", "a plugin with a TLS configuration of its own (go-plugin's TLSProvider) needs grpcplug.Protocol.TLS in place of AutoMTLS; one that does not know AutoMTLS has to be built with a later library, or do without"},
	NoMultiplex:         {"the plugin cannot multiplex its broker", "build it with v1.6.0 of go-plugin or a later one, or clear grpcplug.Protocol.Multiplex"},
	BadEnvironment:      {"the host has set a variable that makes no sense", "the host's library sets it"},
	NoPort:              {"no port of the range that the host has set is free", "the host sets PLUGIN_MIN_PORT and PLUGIN_MAX_PORT"},
	NoSocket:            {"no socket could be made", "see that the directory is there, can be written to, and has a path of less than 80 bytes; grpcplug.Protocol.SocketDir names it in a host, PLUGIN_UNIX_SOCKET_DIR in a plugin, otherwise TMPDIR"},
	UnknownID:           {"the broker was not told of this id", "the other side accepts an id before, or shortly after, this one dials it"},
	KnockRefused:        {"the other side takes no connection for this id", "the other side accepts an id before, or shortly after, this one dials it"},
	BadBrokerMessage:    {"the other side's broker sent what makes no sense", "the other side's library is at fault"},
	BrokerBusy:          {"the broker has too much that waits to be taken", "dial what was accepted, and close what is not dialled"},
	BrokerClosed:        {"the connection has ended, and its broker with it", ""},
	NoBroker:            {"the plugin has no broker", "its library does not offer the service plugin.GRPCBroker"},
}

// An Error says what is wrong with the connection to a plugin or to a host.
type Error struct {
	Problem Problem
	What    string // the address, the variable or the id; may be empty
	Err     error  // the cause; may be nil
}

// Error says what is wrong, where, why, and what to try.
func (e *Error) Error() string {
	p := problems[e.Problem]
	var b strings.Builder
	b.WriteString(p.says)
	if e.What != "" {
		fmt.Fprintf(&b, " (%s)", clip(e.What))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if p.try != "" {
		b.WriteString("; " + p.try)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same problem.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Problem == e.Problem && t.What == "" && t.Err == nil
}

// clip bounds what the other side has said.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
