// Package shadowed uses for parameters, types and variables the names that
// generated code would like to have.
package shadowed

import (
	"context"
	"io"
)

// Shadows returns what it is given.
//
//tenon:contract
type Shadows interface {
	Params(ctx context.Context, err int, call string, in []int, out map[string]int, m int, c bool, v string) (int, string, []int, map[string]int, int, bool, string, error)
	Builtins(ctx context.Context, string string, len int, nil []byte, append []string, make bool, int64 int32, error string, true bool, any float64) (string, int, []byte, []string, bool, int32, string, bool, float64, error)
	Packages(ctx context.Context, tenon string, io int, context []string, errors []byte, iter int64) (string, int, []string, []byte, int64, error)
	Results(ctx context.Context, r0 int, ref string) (ctx2 int, call string, err error)
	ErrIsNotLast(c context.Context, ctx string, result int) (err string, in int, failed error)
	Keywords(ctx context.Context, type_ int, func_ string, range_ []int, default_ map[string]Message) (int, string, []int, map[string]Message, error)
	Types(ctx context.Context, a Message, b Error, d Ref, e Contract, f Context, g string2) (Message, Error, Ref, Contract, Context, string2, error)
	Structs(ctx context.Context, v Fields) (Fields, error)
	Receiver(v context.Context, c *Message, s []Message) (*Message, []Message, error)
	Reads(ctx context.Context, io io.Reader, err io.Writer) (n int64, in error)
	Visit(ctx context.Context, in func(call context.Context, ctx int, out Message) (err Message, in error), v Message) (Message, error)
	String() string
	Close() error
}

// Types that have the names of the runtime's.
type (
	// Message is none of tenon's.
	Message struct{ Mark, Num, In, Out int }

	// Error is no error.
	Error struct{ Err string }

	// Ref stands for itself.
	Ref int

	// Contract is a string.
	Contract string

	// Context is no context.
	Context struct{ Ctx string }

	string2 string
)

// Fields has field names that differ only in what snake case makes of them, or
// are words of protobuf.
type Fields struct {
	Message  string
	Service  string
	Enum     int
	Oneof    bool
	Repeated []string
	Optional *int
	Map      map[string]string
	Syntax   string
	Package  string
	Option   string
	Bool     bool
	Int32    int32
	String   string
	Bytes    []byte
	Reserved string
	To       int
	Max      int
	Extend   string
	Rpc      string
	Stream   string
	Returns  string
	Import   string
	Group    string
	True     bool
	ID2      int
	HTTPURL  string
	UserID   string
	X        int
	XY       int
	Ünicode  string `tenon:"name=unicode"`
}

// What generated code would call its own.
var (
	shadowsContract = "taken"
	shadowsParams   = "taken"
	contractErrors  = []string{"taken"}
	nestedMessage   = "taken"
)

type (
	shadowsClient struct{ taken string }
	shadowsServer struct{ taken string }
)

func writeMessage() string     { return "taken" }
func readMessage() string      { return "taken" }
func newShadowsClient() string { return "taken" }

// Taken uses them.
func Taken() []string {
	return append([]string{
		shadowsContract, shadowsParams, nestedMessage, shadowsClient{"taken"}.taken, shadowsServer{"taken"}.taken,
		writeMessage(), readMessage(), newShadowsClient(),
	}, contractErrors...)
}
