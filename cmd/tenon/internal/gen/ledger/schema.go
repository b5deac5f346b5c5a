package ledger

import (
	"go/token"
	"slices"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// A schema is what two versions of a contract are compared by: one is read from
// the .proto that is there, the other made of the model. Names of what the file
// declares are without its package.
type schema struct {
	pkg      string
	pos      token.Position // where it says pkg
	version  int
	errors   []*failure
	services []*service
	messages []*message
	enums    []*enum
	declared func(goType string) bool // says that the Go package may still declare kv.ID; nil of what is read
}

// named is what everything has: a name, names that it had before, and a place in
// the Go source, or in the .proto of what is read from there.
type named struct {
	name string
	go_  string // as the author knows it; "" if that is name
	was  []string
	pos  token.Position
}

// title returns the name that the author knows.
func (n *named) title() string {
	if n.go_ != "" {
		return n.go_
	}
	return n.name
}

// A failure is an error that keeps its identity.
type failure struct {
	named
	message string // of its fields; empty of a sentinel, and not known of what is read
}

type service struct {
	named
	methods []*method
	marked  bool     // it is found by its name, not only through a ref
	said    bool     // its former names are the author's words
	gone    []string // optional methods that were here
	model   *model.Interface
}

type method struct {
	named
	in, out             string // messages
	optional            bool
	idempotent          bool
	streamIn, streamOut bool
	headIn, headOut     bool   // the first message of the stream is another one than the rest
	part                string // the optional interface that it is of; not known of what is read
}

type message struct {
	named
	fields   []*field
	reserved reserved
	made     bool // it stands for a list or map, and has its name from that
	call     bool // it is what a method is given or returns; not known of what is read
	said     bool // its former names are the author's words
	model    *model.Message
}

type field struct {
	named
	number   int32
	fixed    bool // by a tag
	label    label
	key      string // of a map
	typ      string // "int32", "Entry", "google.protobuf.Duration"
	contract string // of a ref
	io       string // the methods of tenon.IO that are called
	kept     bool
	limits   protobuf.Limits
	model    *model.Field
}

type label int

const (
	single label = iota
	optional
	repeated
	mapped
)

type enum struct {
	named
	values   []*value
	reserved reserved
	model    *model.Enum
}

type value struct {
	named
	number int32
}

// reserved is what must not be used again.
type reserved struct {
	ranges [][2]int32 // first and last included
	names  []string
}

func (r *reserved) has(n int32) bool {
	return slices.ContainsFunc(r.ranges, func(g [2]int32) bool { return g[0] <= n && n <= g[1] })
}

// find returns the element of list with one of the names, the first that there
// is.
func find[T any](list []T, name func(T) *named, names ...string) (found T) {
	for _, want := range names {
		if at := slices.IndexFunc(list, func(e T) bool { return name(e).name == want }); at >= 0 {
			return list[at]
		}
	}
	return found
}

func ofService(s *service) *named { return &s.named }
func ofMethod(m *method) *named   { return &m.named }
func ofMessage(m *message) *named { return &m.named }
func ofField(f *field) *named     { return &f.named }
func ofEnum(e *enum) *named       { return &e.named }
func ofValue(v *value) *named     { return &v.named }
func ofError(e *failure) *named   { return &e.named }

// local returns a full name without the package, if it is of the package.
func local(pkg, name string) string {
	name = strings.TrimPrefix(name, ".")
	if rest, ok := strings.CutPrefix(name, pkg+"."); ok && pkg != "" && !strings.Contains(rest, ".") {
		return rest
	}
	return name
}
