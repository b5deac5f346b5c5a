package tenon

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// An App is what a host and its plugins agree on before they speak.
type App struct {
	// Name tells this family of plugins from others, in the handshake and in
	// messages: "kv". Required.
	Name string

	// Version is the newest version of the app's contracts that this side
	// speaks. Raise it when a contract changes so that an old peer would
	// misunderstand. Zero means 1.
	Version int

	// Versions are the other versions that this side still speaks. The highest
	// that both sides have is used.
	Versions []int

	// Cookie is the environment entry, KEY=VALUE, by which a plugin knows that
	// it was started by a host of its app, not by hand. It keeps people from a
	// mistake; it is not a secret. Empty means TENON_APP=Name.
	Cookie string
}

// A Contract is an interface that one side implements and the other calls, as
// the runtime sees it. The generator writes it; it must not change afterwards.
type Contract struct {
	// Name is the full name of the protobuf service, "kv.Store".
	Name string

	// Methods are the contract's methods; generated code names them by index.
	Methods []Method

	// Errors are the errors that keep their identity across the boundary.
	Errors []ErrorDef

	io atomic.Pointer[Contract] // of its readers and writers; see Message.ioContract
}

// A Method is one method of a [Contract].
type Method struct {
	Name string

	// ClientStream and ServerStream say which side sends a stream of messages
	// in place of a single one.
	ClientStream, ServerStream bool

	// Optional says that an implementation may lack the method. [Ref.Offers]
	// asks; with generated code, a type assertion does.
	Optional bool

	// Idempotent says that the method may be called again when it isn't known
	// whether the first call was carried out. It is for those who do that; this
	// module does not repeat calls.
	Idempotent bool

	// Timeout bounds each call of the method, unless the caller's context ends
	// sooner. Zero means no bound of the contract's own.
	Timeout time.Duration
}

// Index returns the position of the method called name, or -1.
func (c *Contract) Index(name string) int {
	return slices.IndexFunc(c.Methods, func(m Method) bool { return m.Name == name })
}

// Bind returns a ref to the service that conn's other side offers under the
// contract's name. It fails with code [Unimplemented] if there is none, or if it
// lacks a method that is not optional, which it names.
func (c *Contract) Bind(conn Conn) (*Ref, error) {
	if as, ok := conn.(refConn); ok && as.ref.contract == c {
		return as.ref, nil
	}
	methods, ok := conn.Offers(c.Name)
	if !ok {
		return nil, &Error{
			Code:    Unimplemented,
			Service: c.Name,
			Message: "the other side does not offer " + c.Name + "; is it listed among the services given to plugin.Main or host.Config, for this version of the app?",
		}
	}
	var missing []string
	for i := range c.Methods {
		if m := &c.Methods[i]; methods != nil && !m.Optional && !slices.Contains(methods, m.Name) {
			missing = append(missing, m.Name)
		}
	}
	if missing != nil {
		return nil, &Error{
			Code:    Unimplemented,
			Service: c.Name,
			Message: "the other side's " + c.Name + " lacks " + strings.Join(missing, ", ") + ": it was built against an older contract; rebuild it, or raise App.Version",
		}
	}
	return NewRef(conn, c, 0, false), nil
}

// BindCaller is Bind on the connection that the call being handled under ctx
// came in on: that is how a plugin reaches a service of its host. It fails with
// code [FailedPrecondition] if ctx is not that of a handler.
func (c *Contract) BindCaller(ctx context.Context) (*Ref, error) {
	conn, _, ok := Caller(ctx)
	if !ok {
		return nil, &Error{
			Code:    FailedPrecondition,
			Service: c.Name,
			Message: "no caller to ask for " + c.Name + ": the context is not that of a call that came in",
		}
	}
	return c.Bind(conn)
}

// A Service is an implementation of a contract, ready to be served.
type Service struct {
	Contract *Contract

	// Server carries out calls. Generated code makes it from an implementation
	// of the contract's interface.
	Server Server

	// Without names the optional methods that this implementation lacks.
	Without []string

	// Released, if not nil, is called once, on a goroutine of its own, when a
	// value that was exported and kept is held by nobody any more: because it was
	// released, or because the connection has ended. Generated code closes there
	// what the holder should have closed.
	Released func()

	// Versions are the app's versions in which the service is offered. Empty
	// means, of a plugin's service, the newest, [App.Version], and of a host's,
	// all: a plugin's contracts are what versions are about, and what a host
	// offers usually serves plugins of any.
	Versions []int
}

// In returns s, offered in the given versions of the app.
func (s Service) In(versions ...int) Service {
	s.Versions = slices.Clone(versions)
	return s
}

// Offered returns the names of the methods that s has.
func (s Service) Offered() []string {
	names := make([]string, 0, len(s.Contract.Methods))
	for i := range s.Contract.Methods {
		if name := s.Contract.Methods[i].Name; !slices.Contains(s.Without, name) {
			names = append(names, name)
		}
	}
	return names
}

// Impl returns the value that carries out the calls of s, if generated code
// serves it: whichever package that code is in. Otherwise it is nil.
func Impl(s *Service) any {
	if s == nil {
		return nil
	}
	if server, ok := s.Server.(interface{ TenonImpl() any }); ok {
		return server.TenonImpl()
	}
	return nil
}

// A Server carries out calls of one contract.
type Server interface {
	// ServeCall carries out a call of the method with the given index. What it
	// leaves in s.Out is sent as the answer of a method that answers with a
	// single message. It is called concurrently.
	ServeCall(ctx context.Context, method int, s Stream) error
}

// String names the method's shape, for messages.
func (m *Method) String() string {
	switch {
	case m.ClientStream && m.ServerStream:
		return m.Name + " (two-way stream)"
	case m.ClientStream:
		return m.Name + " (client stream)"
	case m.ServerStream:
		return m.Name + " (server stream)"
	}
	return m.Name
}

// Supported returns the versions that a speaks, the newest first, each once.
func (a App) Supported() []int {
	newest := a.Version
	if newest == 0 {
		newest = 1
	}
	all := append([]int{newest}, a.Versions...)
	slices.Sort(all)
	slices.Reverse(all)
	return slices.Compact(all)
}

// CookieEntry returns the environment entry that a plugin of the app looks for.
func (a App) CookieEntry() (key, value string) {
	if a.Cookie == "" {
		return "TENON_APP", a.Name
	}
	key, value, _ = strings.Cut(a.Cookie, "=")
	return key, value
}

// Validate reports what is wrong with a, in the words of its fields.
func (a App) Validate() error {
	switch {
	case a.Name == "":
		return &Error{Code: InvalidArgument, Message: "tenon.App.Name is empty: give the app a name that its hosts and plugins share"}
	case a.Cookie != "" && !strings.Contains(a.Cookie, "="):
		return &Error{Code: InvalidArgument, Message: "tenon.App.Cookie is " + strconv.Quote(a.Cookie) + ", not of the form KEY=VALUE"}
	case slices.Min(a.Supported()) < 1:
		return &Error{Code: InvalidArgument, Message: "tenon.App has version " + strconv.Itoa(slices.Min(a.Supported())) + ": versions start at 1"}
	}
	return nil
}

// Library names this library and its version in the handshake.
const Library = "tenon-go/0.1.0"

// IsAtLeastVersion0_2 is what generated code refers to, so that code for a newer
// version of this module than the one that is linked does not compile.
const IsAtLeastVersion0_2 = true
