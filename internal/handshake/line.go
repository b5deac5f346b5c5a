package handshake

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
)

// CoreProtocol is the only version of go-plugin's handshake that there is.
const CoreProtocol = 1

// The protocols that go-plugin speaks.
const (
	NetRPC = "netrpc"
	GRPC   = "grpc"
)

// MaxLine is the size in bytes of the longest line that is read as a handshake.
const MaxLine = 64 << 10

// A Line is what a plugin of HashiCorp's go-plugin prints on its stdout when it
// is ready, in 4 to 7 fields:
//
//	CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE|MULTIPLEX
//
// Those of 2017 have four fields and speak net/rpc. The sixth is empty without
// AutoMTLS, the seventh is there only if the host has asked for it.
type Line struct {
	App         int    // version of the app, go-plugin's ProtocolVersion; may be 0
	Network     string // "unix" or "tcp"
	Address     string // a path, or host:port
	Protocol    string // NetRPC or GRPC
	Certificate []byte // the plugin's, in DER; nil without AutoMTLS
	Multiplex   bool   // whether gRPC's broker can share the one connection
}

// A LineClass is a way in which a line is not a handshake.
type LineClass int

// The classes of a [LineError], in the order in which fields are looked at.
const (
	LineTooLong LineClass = 1 + iota
	LineTooFewFields
	LineCoreNotANumber
	LineCoreUnknown
	LineAppNotANumber
	LineNetworkUnknown
	LineAddressInvalid
	LineProtocolUnknown
	LineCertificateInvalid
	LineMultiplexInvalid
)

// A LineError says why a line is not go-plugin's handshake.
type LineError struct {
	Class LineClass
	Field string // the offending field, empty if it is the line as a whole; at most 1000 bytes
	Line  string // at most 1000 bytes of the line
}

var lineProblems = map[LineClass]string{
	LineTooLong:            "it is longer than 65536 bytes",
	LineTooFewFields:       "it has fewer than the four fields of a handshake, CORE|APP|NETWORK|ADDRESS",
	LineCoreNotANumber:     "its first field, the core protocol version, is not a number",
	LineCoreUnknown:        "its core protocol version is not 1, the only one that there is: the plugin was built with another go-plugin than HashiCorp's, or a later one",
	LineAppNotANumber:      "its second field, the app's protocol version, is not a number",
	LineNetworkUnknown:     "its third field, the network, is neither unix nor tcp",
	LineAddressInvalid:     "its fourth field is not an address of that network",
	LineProtocolUnknown:    "its fifth field, the protocol, is neither netrpc nor grpc",
	LineCertificateInvalid: "its sixth field, the certificate, is not base64",
	LineMultiplexInvalid:   "its seventh field, gRPC broker multiplexing, is neither true nor false",
}

// Error shows the line and says what is wrong with it.
func (e *LineError) Error() string {
	text := "not a go-plugin handshake: " + shorten(e.Line) + ": " + lineProblems[e.Class]
	if e.Field != "" {
		text += ": " + shorten(e.Field)
	}
	return text
}

// LooksLikeLine tells a line that is meant as a go-plugin handshake, well formed
// or not, from a line of other output. Two numbers and a network with bars between
// them are meant as one, whatever the core protocol; and so is any lower-case word
// in the network's place, with a bar behind it, if the core protocol is right.
func LooksLikeLine(line []byte) bool {
	line = line[:min(len(line), 64)]
	fields := bytes.SplitN(bytes.TrimSpace(line), []byte("|"), 4)
	if len(fields) < 3 || !isNumber(fields[0], 3) || !isNumber(fields[1], 10) {
		return false
	}
	network := string(fields[2])
	return network == "unix" || network == "tcp" || len(fields) > 3 && string(fields[0]) == "1" && isWord(fields[2])
}

func isWord(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}

// ParseLine reads a go-plugin handshake. White space around it is ignored, and
// so are fields behind the seventh. Its error is a *[LineError].
func ParseLine(line []byte) (Line, error) {
	if len(line) > MaxLine {
		return Line{}, lineError(LineTooLong, line, "")
	}
	fields := strings.Split(string(bytes.TrimSpace(line)), "|")
	if len(fields) < 4 {
		return Line{}, lineError(LineTooFewFields, line, "")
	}
	var l Line
	var class LineClass
	for i, parse := range [...]func(*Line, string) LineClass{
		parseCore, parseApp, parseNetwork, parseAddress, parseProtocol, parseCertificate, parseMultiplex,
	} {
		if i >= len(fields) {
			break
		}
		if class = parse(&l, fields[i]); class != 0 {
			return Line{}, lineError(class, line, fields[i])
		}
	}
	if len(fields) == 4 {
		l.Protocol = NetRPC
	}
	return l, nil
}

func lineError(class LineClass, line []byte, field string) *LineError {
	const kept = 1000
	return &LineError{Class: class, Field: field[:min(len(field), kept)], Line: string(line[:min(len(line), kept)])}
}

func parseCore(_ *Line, s string) LineClass {
	switch n, ok := parseNumber(s); {
	case !ok:
		return LineCoreNotANumber
	case n != CoreProtocol:
		return LineCoreUnknown
	}
	return 0
}

func parseApp(l *Line, s string) LineClass {
	var ok bool
	if l.App, ok = parseNumber(s); !ok {
		return LineAppNotANumber
	}
	return 0
}

func parseNetwork(l *Line, s string) LineClass {
	if s != "unix" && s != "tcp" {
		return LineNetworkUnknown
	}
	l.Network = s
	return 0
}

func parseAddress(l *Line, s string) LineClass {
	l.Address = s
	if s == "" || strings.ContainsRune(s, 0) {
		return LineAddressInvalid
	}
	if l.Network == "tcp" {
		colon := strings.LastIndexByte(s, ':')
		if port, ok := parseNumber(s[colon+1:]); colon < 0 || !ok || port == 0 || port > 65535 {
			return LineAddressInvalid
		}
	}
	return 0
}

func parseProtocol(l *Line, s string) LineClass {
	if s != NetRPC && s != GRPC {
		return LineProtocolUnknown
	}
	l.Protocol = s
	return 0
}

// shortestCertificate tells a certificate from the little that some early
// plugins put in the sixth field; go-plugin's hosts make the same difference.
const shortestCertificate = 51

func parseCertificate(l *Line, s string) LineClass {
	// go-plugin writes it without padding, ports to other languages with it.
	if s = strings.TrimRight(s, "="); len(s) < shortestCertificate {
		return 0
	}
	der, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") { // which the decoder skips
		return LineCertificateInvalid
	}
	l.Certificate = der
	return 0
}

func parseMultiplex(l *Line, s string) LineClass {
	var err error
	if l.Multiplex, err = strconv.ParseBool(s); err != nil {
		return LineMultiplexInvalid
	}
	return 0
}

// Append appends the line that [ParseLine] reads as l to buf, without a line
// end. It leaves the seventh field out if Multiplex is false, because go-plugin's
// early hosts would take it for a part of the sixth.
func (l Line) Append(buf []byte) []byte {
	buf = strconv.AppendInt(buf, CoreProtocol, 10)
	buf = append(buf, '|')
	buf = strconv.AppendInt(buf, int64(l.App), 10)
	for _, s := range [...]string{l.Network, l.Address, l.Protocol, base64.RawStdEncoding.EncodeToString(l.Certificate)} {
		buf = append(buf, '|')
		buf = append(buf, s...)
	}
	if l.Multiplex {
		buf = append(buf, "|true"...)
	}
	return buf
}
