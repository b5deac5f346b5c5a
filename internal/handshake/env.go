package handshake

import (
	"slices"
	"strconv"
	"strings"
)

// EnvPlugin is the environment variable by which a host tells a plugin where
// the connection is: the generation of the protocol, a colon, and the number of
// the inherited descriptor, as in "1:3". What follows a further colon is for
// later, and ignored.
const EnvPlugin = "TENON_PLUGIN"

// EnvApp is the variable that holds the cookie of an app that names none of its
// own.
const EnvApp = "TENON_APP"

// Variables returns the names of all variables that carry an offer, Tenon's and
// go-plugin's. A plugin removes them as soon as it has read them: a process that
// it starts in turn must not take them for its own. The app's cookie comes on
// top if it has a key of its own.
func Variables() []string {
	return []string{
		EnvPlugin,
		EnvApp,
		"PLUGIN_PROTOCOL_VERSIONS",
		"PLUGIN_CLIENT_CERT",
		"PLUGIN_MIN_PORT",
		"PLUGIN_MAX_PORT",
		"PLUGIN_MULTIPLEX_GRPC",
		"PLUGIN_UNIX_SOCKET_DIR",
		"PLUGIN_UNIX_SOCKET_GROUP",
	}
}

// Scrub returns a copy of env without the variables that carry an offer, and
// without those called extra. Upper and lower case count as the same, as they
// do on Windows.
func Scrub(env []string, extra ...string) []string {
	names := append(Variables(), extra...)
	out := make([]string, 0, len(env))
	for _, entry := range env {
		// Windows has entries such as "=C:=C:\dir", with a name that begins so.
		i := strings.IndexByte(entry[min(1, len(entry)):], '=')
		key := entry[:i+1]
		if !slices.ContainsFunc(names, func(name string) bool { return key != "" && strings.EqualFold(name, key) }) {
			out = append(out, entry)
		}
	}
	return out
}

// EnvValue returns the value of EnvPlugin for a descriptor.
func EnvValue(descriptor int) string {
	return strconv.Itoa(Generation) + ":" + strconv.Itoa(descriptor)
}

// ParseEnv returns the descriptor that a value of EnvPlugin names. It fails
// with a *[GenerationError] or an *[EnvError].
func ParseEnv(value string) (descriptor int, err error) {
	generation, rest, ok := strings.Cut(value, ":")
	if !ok {
		return 0, &EnvError{value, "it has no colon"}
	}
	g, ok := parseNumber(generation)
	if !ok || g == 0 {
		return 0, &EnvError{value, "what is before the colon is not a generation"}
	}
	if g != Generation {
		return 0, &GenerationError{Other: g, Own: Generation}
	}
	number, _, _ := strings.Cut(rest, ":")
	d, ok := parseNumber(number)
	switch {
	case !ok:
		return 0, &EnvError{value, "what is behind the colon is not the number of a descriptor"}
	case d < 3:
		return 0, &EnvError{value, "descriptors 0, 1 and 2 are stdin, stdout and stderr"}
	}
	return d, nil
}

// An EnvError says that the value of EnvPlugin makes no sense.
type EnvError struct {
	Value   string
	Problem string
}

// Error shows the value and says what is expected.
func (e *EnvError) Error() string {
	return EnvPlugin + " is " + shorten(e.Value) + ": " + e.Problem +
		"; a host sets it to a generation and a descriptor, as in " + strconv.Quote(EnvValue(3))
}

// parseNumber reads what this package writes: decimal digits and nothing else,
// below 2 to the 31st.
func parseNumber(s string) (n int, ok bool) {
	if !isNumber([]byte(s), 10) {
		return 0, false
	}
	v, err := strconv.ParseInt(s, 10, 32)
	return int(v), err == nil
}

// isNumber reports whether b is one to most decimal digits.
func isNumber(b []byte, most int) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= most
}

// shorten quotes s for a message.
func shorten(s string) string {
	const shown = 200
	if len(s) > shown {
		return strconv.QuoteToASCII(s[:shown]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
