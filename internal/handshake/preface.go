package handshake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	// Generation is the generation of the protocol that this package speaks.
	Generation = 1

	// PrefaceSize is the size in bytes of what either side sends first.
	PrefaceSize = 8

	// LengthSize is the size in bytes of the length between preface and body.
	LengthSize = 4

	// MaxBody is the size in bytes of the largest body.
	MaxBody = 1 << 20
)

const (
	head           = "\x89TEN\r\n"
	tail           = "\n"
	generationByte = len(head)
)

// Preface returns what either side sends first.
func Preface() [PrefaceSize]byte {
	return [PrefaceSize]byte([]byte(head + string(rune(Generation)) + tail))
}

// AppendHello appends preface, length and body to buf. It fails if the body is
// larger than MaxBody.
func AppendHello(buf, body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return buf, &HelloError{Message: "hello", Field: "length", Problem: tooLong(len(body), MaxBody)}
	}
	p := Preface()
	buf = append(buf, p[:]...)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(body)))
	return append(buf, body...), nil
}

// ParseLength returns the size of the body that follows.
func ParseLength(b [LengthSize]byte) (int, error) {
	n := binary.LittleEndian.Uint32(b[:])
	if n > MaxBody {
		return 0, &HelloError{Message: "hello", Field: "length", Problem: tooLong(int(n), MaxBody)}
	}
	return int(n), nil
}

// ParsePreface reports what is wrong with the first bytes of the other side:
// a *[GenerationError] or a *[PrefaceError].
func ParsePreface(p [PrefaceSize]byte) error {
	if bytes.HasPrefix(p[:], []byte(head)) && bytes.HasSuffix(p[:], []byte(tail)) && p[generationByte] != 0 {
		if g := int(p[generationByte]); g != Generation {
			return &GenerationError{Other: g, Own: Generation}
		}
		return nil
	}
	return NotPreface(p[:])
}

// NotPreface returns the error for a connection that began with found, which is
// not a preface: the stream may have ended early, or the caller may have read
// some more to have it shown.
func NotPreface(found []byte) *PrefaceError {
	const shown = 200
	return &PrefaceError{Found: string(found[:min(len(found), shown)]), Looks: guess(found)}
}

// A PrefaceError says that the other side does not speak Tenon's protocol.
type PrefaceError struct {
	Found string // the first bytes, 200 at most
	Looks Look   // what they look like
}

// Error shows what was found.
func (e *PrefaceError) Error() string {
	if e.Looks == LooksEmpty {
		return "the other side closed the connection without a word"
	}
	text := "the other side does not speak Tenon's protocol: it began with " + strconv.QuoteToASCII(e.Found)
	if e.Looks != LooksUnknown {
		text += ", which looks like " + string(e.Looks)
	}
	return text
}

// A Look is a guess at what some bytes are.
type Look string

// The guesses of [NotPreface].
const (
	LooksUnknown  Look = ""
	LooksEmpty    Look = "nothing"
	LooksText     Look = "log text"
	LooksHTTP2    Look = "an HTTP/2 (gRPC) connection"
	LooksHTTP     Look = "an HTTP/1 connection"
	LooksTLS      Look = "a TLS connection"
	LooksGoPlugin Look = "a go-plugin handshake line"
	LooksMangled  Look = "Tenon's protocol, changed on the way as if it were text"
	LooksCut      Look = "the beginning of Tenon's protocol, cut short"
)

// signatures are tried in order.
var signatures = [...]struct {
	prefix string
	look   Look
}{
	{"PRI * ", LooksHTTP2},
	{"HTTP/1.", LooksHTTP},
	{"GET /", LooksHTTP},
	{"POST /", LooksHTTP},
	{"CONNECT ", LooksHTTP},
	{"\x16\x03", LooksTLS},
	{"\x15\x03", LooksTLS}, // an alert
	{"\x89TEN\n", LooksMangled},
	{"\x89TEN\r\r", LooksMangled},
	{"\x89TEN\r\n", LooksMangled},
	{"\tTEN", LooksMangled},
	{"\xc2\x89TEN", LooksMangled},
	{"\xef\xbf\xbdTEN", LooksMangled},
}

func guess(found []byte) Look {
	preface := Preface()
	if len(found) == 0 {
		return LooksEmpty
	}
	if len(found) < PrefaceSize && bytes.HasPrefix(preface[:], found) {
		return LooksCut
	}
	for _, s := range signatures {
		if bytes.HasPrefix(found, []byte(s.prefix)) {
			return s.look
		}
	}
	switch {
	case isSettings(found):
		return LooksHTTP2
	case beginsLine(found):
		return LooksGoPlugin
	case isText(found):
		return LooksText
	}
	return LooksUnknown
}

// isSettings recognises what an HTTP/2 server sends first: a SETTINGS frame on
// stream 0, a few settings of 6 bytes each long.
func isSettings(b []byte) bool {
	return len(b) >= 8 && b[0] == 0 && b[1] == 0 && b[2]%6 == 0 && bytes.Equal(b[3:8], []byte{4, 0, 0, 0, 0})
}

// beginsLine reports whether b begins with two numbers, as go-plugin's line does.
func beginsLine(b []byte) bool {
	core, rest, ok := bytes.Cut(b, []byte("|"))
	return ok && len(rest) > 0 && isNumber(core, 3) && isNumber(rest[:1], 1)
}

func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			return !utf8.FullRune(b) // cut in the middle
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\x1b', r == 0x7f:
			return false
		}
		b = b[n:]
	}
	return true
}

// A GenerationError says that the two sides speak generations of the protocol
// that do not understand each other.
type GenerationError struct {
	Other, Own int
}

// Error says which side to upgrade.
func (e *GenerationError) Error() string {
	advice := "rebuild the other side with a newer Tenon"
	if e.Other > e.Own {
		advice = "rebuild this program with a newer Tenon"
	}
	return fmt.Sprintf("the other side speaks generation %d of Tenon's protocol, this one %d: %s", e.Other, e.Own, advice)
}
