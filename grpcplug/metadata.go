package grpcplug

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// An aside is what a stream of the native protocol can do for gRPC besides
// carrying messages: PROTOCOL.md, 4.11. Streams of other protocols cannot; what
// is set there is lost, and what is asked for is empty.
type aside interface {
	// Of the caller. What has come can be asked for after Close, too.
	Begin() error
	Ended() bool
	Header() (map[string][]string, error)
	Trailer() map[string][]string

	// Of the callee.
	SendHeader(md map[string][]string, now bool) error
	SetTrailer(md map[string][]string) error
}

// unheeded are the keys that gRPC keeps for itself, and takes out of what its
// users send.
var unheeded = []string{"content-type", "user-agent", "grpc-message-type", "grpc-encoding", "grpc-message", "grpc-status", "grpc-timeout", "te"}

// sendableMetadata returns md without what gRPC would not send, or says why it cannot be
// sent. It may return md itself.
func sendableMetadata(md metadata.MD) (metadata.MD, error) {
	own := false
	for key, values := range md {
		if slices.Contains(unheeded, key) || strings.HasPrefix(key, ":") {
			if !own {
				md, own = maps.Clone(md), true
			}
			delete(md, key)
			continue
		}
		if problem := invalidMetadata(key, values); problem != "" {
			return nil, status.Error(codes.Internal, problem)
		}
	}
	return md, nil
}

// invalidMetadata says what is wrong with a key and its values: gRPC could not send them
// in a header of HTTP/2, and what runs here is to run there.
func invalidMetadata(key string, values []string) string {
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
	}
	if key == "" {
		return "metadata with an empty key"
	}
	if strings.ContainsFunc(key, func(r rune) bool { return !legal(r) }) {
		return fmt.Sprintf("metadata key %q: keys have lower-case letters, digits and -_. only", key)
	}
	if strings.HasSuffix(key, "-bin") {
		return ""
	}
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Sprintf("metadata key %q has a value that is not printable ASCII; the name of a key for such values ends in -bin", key)
		}
	}
	return ""
}

// outgoingContext returns a context under which a call carries what gRPC's would.
func outgoingContext(ctx context.Context, path string, creds []credentials.PerRPCCredentials) (context.Context, error) {
	md, ok := metadata.FromOutgoingContext(ctx)
	if !ok && creds == nil {
		return ctx, nil
	}
	if md == nil {
		md = metadata.MD{}
	}
	for _, c := range creds {
		if err := addCredentials(ctx, md, path, c); err != nil {
			return nil, err
		}
	}
	md, err := sendableMetadata(md)
	if err != nil {
		return nil, err
	}
	// What Tenon's own users have set goes along.
	for key, values := range tenon.OutgoingMetadata(ctx) {
		md[key] = append(md[key], values...)
	}
	if len(md) == 0 {
		return ctx, nil
	}
	return tenon.WithMetadata(ctx, tenon.Metadata(md)), nil
}

// addCredentials adds what credentials have to say. Those that want a secure
// transport have one: a connection that two processes, and nobody else, hold.
func addCredentials(ctx context.Context, md metadata.MD, path string, c credentials.PerRPCCredentials) error {
	service := path
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		service = path[:i]
	}
	more, err := c.GetRequestMetadata(ctx, "https://tenon"+service)
	if err != nil {
		if _, ok := status.FromError(err); ok {
			return err
		}
		return status.Errorf(codes.Unauthenticated, "per-call credentials: %v", err)
	}
	for key, value := range more {
		md.Append(key, value)
	}
	return nil
}

// AuthInfo is what [peer.FromContext] and [grpc.Peer] say about the security of
// a connection of the native protocol: nobody but the two processes has it.
type AuthInfo struct {
	credentials.CommonAuthInfo
}

// AuthType implements [credentials.AuthInfo].
func (AuthInfo) AuthType() string { return "tenon" }

// A nowhere stands for the other process, which has none.
type nowhere struct{}

func (nowhere) Network() string { return "tenon" }
func (nowhere) String() string  { return "tenon" }

// otherSide is what there is to say about the other end of a connection.
var otherSide = &peer.Peer{
	Addr:      nowhere{},
	LocalAddr: nowhere{},
	AuthInfo:  AuthInfo{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}},
}

// A handlerContext is the context of a call that came in, with the values that
// gRPC's functions look for. The context of the call has to be in there as it is:
// it knows how to tell contexts that are derived from it without a goroutine for
// each, and package context asks the outermost only.
type handlerContext struct {
	context.Context                 // the call's
	values          context.Context // gRPC's
}

// Value implements [context.Context].
func (c *handlerContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}

// AfterFunc is what package context looks for.
func (c *handlerContext) AfterFunc(f func()) (stop func() bool) {
	return context.AfterFunc(c.Context, f)
}

// usualValues are what the handlers of most calls know besides: that there is no
// metadata, and who is on the other side.
var usualValues = peer.NewContext(metadata.NewIncomingContext(context.Background(), metadata.MD{}), otherSide)

// An answering is what a handler tells gRPC about its answer besides messages:
// [grpc.SetHeader] and its like find it in the context.
type answering struct {
	path   string
	stream tenon.Stream
	ctx    handlerContext

	mu              sync.Mutex // any goroutine of the handler's may set these
	header, trailer metadata.MD
	headed          bool  // the header has gone, or cannot be sent any more
	problem         error // with a trailer
}

var _ grpc.ServerTransportStream = (*answering)(nil)

// context returns the context of the handler.
func (t *answering) context(ctx context.Context) context.Context {
	values := usualValues
	if _, md, _ := tenon.Caller(ctx); md != nil {
		values = metadata.NewIncomingContext(values, metadata.MD(md))
	}
	t.ctx = handlerContext{ctx, grpc.NewContextWithServerTransportStream(values, t)}
	return &t.ctx
}

// Method implements [grpc.ServerTransportStream].
func (t *answering) Method() string { return t.path }

// SetHeader implements [grpc.ServerTransportStream].
func (t *answering) SetHeader(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.headed {
		return errHeaded
	}
	return joinMetadata(&t.header, md)
}

// SendHeader implements [grpc.ServerTransportStream].
func (t *answering) SendHeader(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.headed {
		return errHeaded
	}
	if err := joinMetadata(&t.header, md); err != nil {
		return err
	}
	return t.send(true)
}

// SetTrailer implements [grpc.ServerTransportStream].
func (t *answering) SetTrailer(md metadata.MD) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return joinMetadata(&t.trailer, md)
}

// flush sends the header, if one was set, before what comes next.
func (t *answering) flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.headed {
		return nil
	}
	if len(t.header) == 0 {
		t.headed = true // the message says so
		return nil
	}
	return t.send(false)
}

// send sends the header. The mutex is held.
func (t *answering) send(now bool) error {
	t.headed = true
	if a, ok := t.stream.(aside); ok {
		return stubStatus(a.SendHeader(t.header, now))
	}
	return nil
}

// end leaves the trailer with the stream, which is about to end.
func (t *answering) end() error {
	err := t.flush()
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		err = t.problem
	}
	if a, ok := t.stream.(aside); ok && len(t.trailer) > 0 && err == nil {
		err = a.SetTrailer(t.trailer)
	}
	return err
}

// joinMetadata adds md to what was set before.
func joinMetadata(all *metadata.MD, md metadata.MD) error {
	if len(md) == 0 {
		return nil
	}
	md, err := sendableMetadata(metadata.Join(*all, md))
	if err == nil {
		*all = md
	}
	return err
}

var errHeaded = status.Error(codes.Internal, "the header was sent already: by SendHeader, or with the first message")
