// Package host starts plugins and uses them through ordinary Go interfaces.
//
//	p, err := host.Start(ctx, host.Config{App: kv.App, Cmd: exec.Command("./kv-memory")})
//	if err != nil {
//		return err
//	}
//	defer p.Stop(ctx)
//	store, err := kv.OpenStore(ctx, p)
package host

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/protocol"
)

// Config says which plugin to start, and how. It is copied: neither it nor what
// it points to is written to.
type Config struct {
	// App is what host and plugin belong to. Required.
	App tenon.App

	// Cmd says how to start the plugin's process. Required, unless InProcess is
	// set. Of it are used:
	//
	//   - Path and Args, as exec.Command fills them in.
	//   - Dir.
	//   - Env, which is added to a short list of the host's variables; see
	//     InheritEnv. Its values win.
	//   - Stdin. Nil is the host's own standard input, the very descriptor: a
	//     terminal stays a terminal. An *os.File is handed over as it is, another
	//     reader is copied from.
	//   - Stdout and Stderr. An *os.File is handed over as it is: the host does
	//     not see what is written to it, and an error cannot quote it. (Not so
	//     Stdout with Protocols: their plugins say there where they are.) Another
	//     writer gets every byte, in order, as it comes. Nil is the host's
	//     standard error, for both, by way of the host. Log records on Stderr in
	//     hclog's JSON format go to Logger instead.
	//   - ExtraFiles, which the plugin gets as descriptors 4 and up.
	//   - SysProcAttr, for credentials and the like.
	//
	// The process leads a process group of its own, unless its standard input is
	// a terminal: then it shares the host's, so that it can ask for a password.
	Cmd *exec.Cmd

	// InProcess serves the plugin in this process, for tests and debugging. It
	// is what plugin.InProcess returns. Cmd must be nil then.
	InProcess func(context.Context, carrier.Carrier) error

	// Protocols are what the host speaks besides Tenon's own, which it prefers:
	// with a [Protocol] of the module grpcplug it runs plugins of HashiCorp's
	// go-plugin. They are for plugins with a process.
	Protocols []Protocol

	// Name is what the plugin is called in logs and errors. Empty means the
	// name of its file.
	Name string

	// InheritEnv gives the plugin the host's whole environment. By default it
	// gets, of the host's variables, only those of EnvAllowed.
	InheritEnv bool

	// Services are what the host offers to the plugin, which reaches them by
	// tenon.Caller. Those with versions are offered in these versions of the
	// app, the others in all.
	Services []tenon.Service

	// Logger takes what the plugin logs, with the attribute plugin=Name. Nil
	// means slog.Default().
	Logger *slog.Logger

	// LogLevel is asked once, at the start, for the lowest level that the plugin sends. Nil means the lowest
	// that Logger is enabled for. It can be changed with Plugin.SetLogLevel.
	LogLevel slog.Leveler

	// Limits bound what the plugin can make the host hold.
	Limits tenon.Limits

	// StartTimeout bounds the start, in addition to the context given to Start.
	// Zero means 30 seconds.
	StartTimeout time.Duration

	// CrashOnPanic lets a panic in a service that the host offers, or in a
	// callback, end the host, instead of answering the plugin with it.
	CrashOnPanic bool
}

// A Protocol lets a host run plugins that do not speak Tenon's own protocol. The
// modules of protocols have values of this type.
type Protocol = protocol.Host

// EnvAllowed returns the names of the variables that a plugin gets of the
// host's environment by default: where things are, who the user is, what
// language and terminal they use. Not among them are those that hold secrets or
// change how programs work, such as proxies and agents. A name that ends in *
// stands for all that begin so.
func EnvAllowed() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "TZ",
		"LANG", "LANGUAGE", "LC_*", "TERM", "COLORTERM", "NO_COLOR", "XDG_*",
		"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE",
		"APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
		"TENON_TREE",
	}
}

// A Stage is how far a start came.
type Stage string

// The stages of a start, in order.
const (
	StageConfig    Stage = "configuration"  // the Config is not usable
	StageFind      Stage = "find"           // the program was not found
	StageStart     Stage = "start"          // the process could not be started
	StageHandshake Stage = "handshake"      // the process did not say hello
	StageVersion   Stage = "version"        // it did, but host and plugin do not match
	StageConnect   Stage = "connection"     // they match, but the address that the plugin gave is of no use
	StageInit      Stage = "initialisation" // they match, but the plugin refused to serve
)

var (
	errNoCmd  = errors.New("host.Config has neither Cmd nor InProcess: give one of them")
	errBoth   = errors.New("host.Config has both Cmd and InProcess: give one of them")
	errNoPath = errors.New("host.Config.Cmd has an empty Path: it names no program")
)

// prepared checks cfg and fills in what is left to it.
func (cfg Config) prepared() (Config, error) {
	cfg.Name = cfg.name()
	if err := cfg.check(); err != nil {
		return cfg, err
	}
	cfg.Services = slices.Clone(cfg.Services)
	cfg.Protocols = slices.Clone(cfg.Protocols)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.LogLevel == nil {
		cfg.LogLevel = lowest(cfg.Logger)
	}
	if cfg.StartTimeout <= 0 {
		cfg.StartTimeout = 30 * time.Second
	}
	return cfg, nil
}

func (cfg *Config) name() string {
	switch {
	case cfg.Name != "":
		return cfg.Name
	case cfg.Cmd != nil && cfg.Cmd.Path != "":
		return strings.TrimSuffix(filepath.Base(cfg.Cmd.Path), ".exe")
	}
	return cfg.App.Name
}

func (cfg *Config) check() error {
	switch {
	case cfg.Cmd == nil && cfg.InProcess == nil:
		return errNoCmd
	case cfg.Cmd != nil && cfg.InProcess != nil:
		return errBoth
	case cfg.Cmd != nil && cfg.Cmd.Path == "":
		return errNoPath
	}
	if err := cfg.App.Validate(); err != nil {
		return err
	}
	return checkServices(cfg.Services)
}

// lowest returns the lowest of the usual levels that l is enabled for.
func lowest(l *slog.Logger) slog.Level {
	for level := slog.Level(-8); level < slog.LevelError; level += 4 {
		if l.Enabled(context.Background(), level) {
			return level
		}
	}
	return slog.LevelError
}

// environment returns the plugin's: what it may have of the host's, what the
// caller says, and the offer.
func (cfg Config) environment(host []string, offer ...string) []string {
	var env []string
	// What this process was itself offered, as a plugin, is not for its own.
	for _, entry := range handshake.Scrub(host) {
		if cfg.InheritEnv || allowed(entry) {
			env = append(env, entry)
		}
	}
	env = append(append(env, cfg.Cmd.Env...), offer...)
	return lastWins(env)
}

func allowed(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return slices.ContainsFunc(EnvAllowed(), func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, prefix)
	})
}

// lastWins keeps the last entry of each name: which one a program sees of two
// depends on its language.
func lastWins(env []string) []string {
	seen := make(map[string]bool)
	var out []string
	for _, entry := range slices.Backward(env) {
		name, _, ok := strings.Cut(entry, "=")
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		out = append(out, entry)
	}
	slices.Reverse(out)
	return out
}

// asFile returns w's descriptor, if it is one to hand over.
func asFile(w any) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && f != nil
}
