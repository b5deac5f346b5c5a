package grpcplug

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tenon-go/tenon/internal/handshake"
)

// The variables by which a host tells a plugin what it wants.
const (
	envVersions    = "PLUGIN_PROTOCOL_VERSIONS"
	envCert        = "PLUGIN_CLIENT_CERT"
	envMinPort     = "PLUGIN_MIN_PORT"
	envMaxPort     = "PLUGIN_MAX_PORT"
	envMultiplex   = "PLUGIN_MULTIPLEX_GRPC"
	envSocketDir   = "PLUGIN_UNIX_SOCKET_DIR"
	envSocketGroup = "PLUGIN_UNIX_SOCKET_GROUP"
)

// Of what hosts of go-plugin allow, if they are not told otherwise.
const (
	defaultMinPort = 10000
	defaultMaxPort = 25000
)

// A wish is what a host says in the environment.
type wish struct {
	versions         []int
	cert             string // PEM; empty: no AutoMTLS
	minPort, maxPort int
	multiplex        bool
	multiplexAsked   bool // the variable is set: the line may have a seventh field
	dir, group       string
}

func (w wish) env() []string {
	versions := make([]string, len(w.versions))
	for i, v := range w.versions {
		versions[i] = strconv.Itoa(v)
	}
	env := []string{
		envMinPort + "=" + strconv.Itoa(w.minPort),
		envMaxPort + "=" + strconv.Itoa(w.maxPort),
		envVersions + "=" + strings.Join(versions, ","),
	}
	add := func(name, value string) {
		if value != "" {
			env = append(env, name+"="+value)
		}
	}
	add(envCert, w.cert)
	add(envSocketDir, w.dir)
	add(envSocketGroup, w.group)
	if w.multiplex {
		add(envMultiplex, "true")
	}
	return env
}

// readWish reads the environment. A version that is no number is left out, as
// go-plugin does: the others may do.
func readWish(getenv func(string) string) (w wish, err error) {
	for _, s := range strings.Split(getenv(envVersions), ",") {
		if v, err := strconv.Atoi(s); err == nil {
			w.versions = append(w.versions, v)
		}
	}
	w.cert = getenv(envCert)
	w.dir, w.group = getenv(envSocketDir), getenv(envSocketGroup)
	if s := getenv(envMultiplex); s != "" {
		w.multiplexAsked = true
		w.multiplex, _ = strconv.ParseBool(s)
	}
	if w.minPort, err = readPort(getenv, envMinPort); err != nil {
		return w, err
	}
	if w.maxPort, err = readPort(getenv, envMaxPort); err != nil {
		return w, err
	}
	if w.minPort > w.maxPort {
		return w, &Error{Problem: BadEnvironment, What: envMinPort + "=" + getenv(envMinPort), Err: errors.New("it is above " + envMaxPort)}
	}
	return w, nil
}

var errNotPort = errors.New("it is not a port, 0 to 65535")

func readPort(getenv func(string) string, name string) (int, error) {
	s := getenv(name)
	if s == "" {
		return 0, nil
	}
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, &Error{Problem: BadEnvironment, What: name + "=" + s, Err: errNotPort}
	}
	return int(port), nil
}

// choose returns the version that is served: the highest that both sides have.
// If there is none it is the plugin's lowest, as with go-plugin, so that a host
// which says nothing of versions gets the oldest form, and any other can say what
// is wrong.
func (w wish) choose(own []int) int {
	if v, ok := handshake.Choose(w.versions, own); ok {
		return v
	}
	return slices.Min(own)
}
