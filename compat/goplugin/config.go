package plugin

import (
	"crypto/tls"
	"io"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/compat/goplugin/runner"
)

// ClientConfig says which plugin is started, and how. It is copied by NewClient,
// and what it points to is not written to, but for Cmd.Process and
// Cmd.ProcessState.
type ClientConfig struct {
	// HandshakeConfig is what the plugin's has to match.
	HandshakeConfig

	// Plugins are those of version HandshakeConfig.ProtocolVersion.
	Plugins PluginSet

	// VersionedPlugins are those of further versions. The newest that both sides
	// have is used: see Client.NegotiatedVersion. HandshakeConfig.ProtocolVersion is
	// not needed then.
	VersionedPlugins map[int]PluginSet

	// Exactly one of Cmd, Reattach and RunnerFunc is set.
	//
	// Cmd is the program to start. It is not started itself; Process is set when
	// the plugin runs. Its Stdin is this process's, its Stdout and Stderr must
	// be nil. The context of exec.CommandContext ends the plugin.
	//
	// Reattach is a plugin that runs already: what Client.ReattachConfig of an
	// earlier client has returned. It excludes SecureConfig and
	// GRPCBrokerMultiplex.
	Cmd      *exec.Cmd
	Reattach *ReattachConfig

	// RunnerFunc returns what runs the plugin in a way of its own, in a container
	// for example. The command has the environment that the plugin must have: the
	// cookie, the versions, AutoMTLS's certificate. tmpDir is a directory for
	// sockets that both sides can use.
	RunnerFunc func(l hclog.Logger, cmd *exec.Cmd, tmpDir string) (runner.Runner, error)

	// SecureConfig, if not nil, has the program checked before it is run. Without
	// it any file that Cmd names is run.
	SecureConfig *SecureConfig

	// TLSConfig, if not nil, is what the host uses as a client. The plugin's
	// counterpart is ServeConfig.TLSProvider. See AutoMTLS.
	TLSConfig *tls.Config

	// Managed has CleanupClients kill the plugin. Otherwise that is the caller's,
	// with Client.Kill.
	Managed bool

	// MinPort and MaxPort are the range of ports that the plugin may listen on,
	// if it listens on TCP. Both zero means 10000 and 25000.
	MinPort, MaxPort uint

	// StartTimeout bounds the start, until the plugin has announced itself, and
	// then how long Client.Client may take to connect. Zero means one minute.
	StartTimeout time.Duration

	// Stderr, if not nil, gets what the plugin's process writes to its standard
	// error, besides the Logger: its log, above all. What its program prints on
	// os.Stderr after Serve has begun is SyncStderr's.
	Stderr io.Writer

	// SyncStdout and SyncStderr get what the plugin's program prints on os.Stdout
	// and os.Stderr. Nil discards it.
	SyncStdout io.Writer
	SyncStderr io.Writer

	// AllowedProtocols are those that the host speaks. Nil means net/rpc alone,
	// so a host for gRPC has to set it. A plugin that speaks another is an error of
	// Start.
	AllowedProtocols []Protocol

	// Logger takes what the plugin logs, and what is said of its life. Nil is a
	// logger of level trace to hclog's default output.
	Logger hclog.Logger

	// PluginLogBufferSize is in bytes the length of a line of the plugin's
	// standard error from which on it is logged in pieces. Zero means 64 KiB.
	// Records in hclog's JSON format may be up to 4 MiB long all the same.
	PluginLogBufferSize int

	// AutoMTLS has both sides make a certificate for this one start, and prove
	// to each other that they have it: nobody else can connect to the plugin, and
	// this host to no other. They are exchanged by the plugin's environment and the
	// line by which it announces itself. A plugin that cannot do it does not start.
	// It is used in place of TLSConfig, and the plugin must not have a TLSProvider.
	// A plugin that was started with it can be reattached to by means of
	// ReattachConfig.Session.
	AutoMTLS bool

	// GRPCDialOptions are added to those of the connection, and come last. They
	// are for gRPC only.
	GRPCDialOptions []grpc.DialOption

	// GRPCBrokerMultiplex has all of the broker's connections share one, in place
	// of a listener for each. It is not possible with Reattach, and a plugin that
	// cannot do it, as those built with go-plugin before v1.6.0, is an error of
	// Start: ErrGRPCBrokerMuxNotSupported. Connections may be accepted and dialled
	// at the same time, and in any order. go-plugin asks for one after the other,
	// which is still to be heeded if the other side is built with it.
	GRPCBrokerMultiplex bool

	// SkipHostEnv keeps this process's environment from the plugin. Otherwise
	// its values win over those of Cmd.Env.
	SkipHostEnv bool

	// UnixSocketConfig says where the sockets are. Nil is what is right for
	// nearly all. It is of no use on Windows.
	UnixSocketConfig *UnixSocketConfig

	// KillTimeout bounds how long Kill and ClientProtocol.Close wait for the
	// plugin's answer to the request to leave. Zero means ten seconds. It is not
	// among go-plugin's fields.
	KillTimeout time.Duration

	// Detached lets the plugin outlive this process, so that a later one can
	// reattach to it. A Cmd whose SysProcAttr has Setsid has it too. Otherwise the
	// plugin ends with this process, however that ends. Nobody reads its standard
	// output and standard error then: what it writes there, and so what it logs
	// by ServeConfig's default Logger, ends it by SIGPIPE. Such a plugin
	// has to log elsewhere, to a file for example, or to ignore that signal. It is
	// not among go-plugin's fields.
	Detached bool
}

// UnixSocketConfig says where sockets are, and who may use them.
type UnixSocketConfig struct {
	// Group, a name or number, is the group whose members may connect. This
	// process has to be one.
	Group string

	// TempDir is where a directory is made for the sockets of each plugin. It has
	// to exist, and this process has to be allowed to write to it. The
	// length of a socket's path is limited by the system, to about a hundred bytes.
	// Empty is the directory for temporary files.
	TempDir string
}

const (
	defaultStartTimeout = time.Minute
	defaultKillTimeout  = 10 * time.Second
	defaultLogBuffer    = 64 << 10

	// leaveTimeout is what a plugin has to exit after it was asked to. It is
	// go-plugin's.
	leaveTimeout = 2 * time.Second
)

// withDefaults returns a copy that has nothing left open.
func (c ClientConfig) withDefaults() ClientConfig {
	c.VersionedPlugins = c.versions()
	if c.MinPort == 0 && c.MaxPort == 0 {
		c.MinPort, c.MaxPort = 10000, 25000
	}
	setDefault(&c.StartTimeout, defaultStartTimeout)
	setDefault(&c.KillTimeout, defaultKillTimeout)
	setDefault(&c.PluginLogBufferSize, defaultLogBuffer)
	for _, w := range []*io.Writer{&c.Stderr, &c.SyncStdout, &c.SyncStderr} {
		if *w == nil {
			*w = io.Discard
		}
	}
	if c.AllowedProtocols == nil {
		c.AllowedProtocols = []Protocol{ProtocolNetRPC}
	}
	if c.Logger == nil {
		c.Logger = hclog.New(&hclog.LoggerOptions{Output: hclog.DefaultOutput, Level: hclog.Trace, Name: "plugin"})
	}
	return c
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// versions returns all plugins by version.
func (c *ClientConfig) versions() map[int]PluginSet {
	all := make(map[int]PluginSet)
	for v, set := range c.VersionedPlugins {
		all[v] = set
	}
	if _, there := all[int(c.ProtocolVersion)]; !there && c.Plugins != nil {
		all[int(c.ProtocolVersion)] = c.Plugins
	}
	return all
}
