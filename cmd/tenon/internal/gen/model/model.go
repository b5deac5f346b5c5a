// Package model is what a contract package says, as plain data: load makes it of
// Go source, ledger gives it its field numbers, and golang and protobuf write it
// down.
package model

import (
	"go/token"
	"go/types"
	"time"
)

// A Package is one Go package with contracts.
type Package struct {
	Go     *types.Package
	Dir    string // where the source is, and the output goes
	Module string // the path of its module, for messages; may be empty

	// Proto is the name of the protobuf package: the Go package's, unless the
	// directive //tenon:package says otherwise.
	Proto string

	// ProtoFile is the base name of the .proto: "kv.proto".
	ProtoFile string

	// Version is App.Version where the package has an App, or what the directive
	// //tenon:version says; 0 if neither is there.
	Version    int
	VersionPos token.Position

	// Versions are App.Versions: the other ones that are spoken, too.
	Versions    []int
	VersionsPos token.Position

	// Draft says that no peer is deployed yet, by //tenon:draft: nothing breaks any.
	Draft bool

	// Interfaces are all that gets a client and a server: the marked ones in the
	// order of the source, then those that are reached from them, then functions.
	Interfaces []*Interface

	// Messages are the structs, instances and wrappers that get a codec, in the
	// order in which they are met. Those of methods are in Method.
	Messages []*Message
	Enums    []*Enum
	Errors   []*Error

	// Warnings are what an author may want to know, and what stops nobody: a
	// method that can't say that a call failed, for example.
	Warnings []*Problem

	// Imports maps the path of a .proto to be imported to why: what
	// google.protobuf and other generated packages' messages need.
	Imports []string
}

// An Interface is a Go interface, or a function type, that one side implements
// and the other calls.
type Interface struct {
	// Name is the base of all generated names: "Store" of storeClient and
	// ServeStore, "StoreWatchOnChange" of a function parameter.
	Name string

	// Wire is the name of the protobuf service, without the package: Name, unless
	// //tenon:name says otherwise. Was are its former ones, by //tenon:was.
	Wire string
	Was  []string

	// Full is the contract's full name, "kv.Store".
	Full string

	Go     types.Type // *types.Named or alias for interfaces; *types.Signature or named for functions
	Marked bool       // has //tenon:contract: ServeX, OpenX, CallerX are generated
	Func   bool       // is a function type; its one method is Call
	Ref    bool       // occurs as an argument, result or field

	// Foreign says that the interface is a marked contract of another package:
	// nothing is generated for it but how a ref to it is written and read, by that
	// package's ServeX and OpenX.
	Foreign bool

	Fake bool // //tenon:fake
	Doc  string
	File string // base name of the source file whose output it goes to, "kv.go"
	Pos  token.Position

	Methods []*Method

	// Parts are the optional interfaces, by //tenon:optional Name, whose methods
	// are among Methods. There are at most four.
	Parts []*Part

	// Bound says that a method without a context is among Methods, so that a
	// client needs to be given one.
	Bound bool

	// Closer says that there is a method Close() error, with or without a context:
	// the client's Close releases the ref, and what was given away and is released
	// without having been closed is closed.
	Closer *Method

	// Gone is what the ledger remembers of methods that were here.
	Gone []string
}

// A Part is an optional interface: what an implementation of another may have
// beside it.
type Part struct {
	Name string
	Go   types.Type
	Fake bool // //tenon:fake
	Doc  string
	Pos  token.Position
}

// A Shape says how a method crosses.
type Shape int

const (
	Plain  Shape = iota // one message each way, or streams where In and Out say so
	Read                // Read(p []byte) (n int, err error), as io.Reader has it: p is filled
	ReadAt              // ReadAt(p []byte, off int64) (n int, err error), as io.ReaderAt has it
	Write               // Write(p []byte) (n int, err error), WriteAt, WriteString: n counts when err is not nil
)

// A Method is one method of an interface.
type Method struct {
	Name string // in Go; "Call" of a function
	Wire string // the rpc's name
	Was  []string
	Doc  string
	Pos  token.Position

	Shape   Shape
	Part    *Part // the optional interface that it belongs to, or nil
	Params  []*Param
	Results []*Param

	Context  bool // the first parameter is a context.Context; it is in Params too
	Error    bool // the last result is an error; it is in Results too
	Variadic bool

	Optional   bool // //tenon:optional on the method, or by its Part
	Idempotent bool
	Timeout    time.Duration

	// Request and Response hold what crosses: of a stream both the first message,
	// with all that is not streamed, and each further one, with an element.
	Request, Response *Message

	// In is the parameter, Out the result, that is streamed; nil if none is.
	In, Out *Stream
}

// A Param is a parameter or a result.
type Param struct {
	// Name is the author's, or "" where there is none or it is blank.
	Name string
	Go   types.Type

	// Field is where it crosses. It is nil for the context, for the last error,
	// for what is streamed, and for all of a Shape other than Plain.
	Field *Field

	Stream *Stream
}

// A StreamKind says what Go type a stream has.
type StreamKind int

const (
	Seq    StreamKind = iota // iter.Seq[T]
	SeqErr                   // iter.Seq2[T, error]
	Seq2                     // iter.Seq2[K, V]
	Chan                     // <-chan T
)

// A Stream is a parameter or result that is sent element by element.
type Stream struct {
	Kind StreamKind

	// Elem is the field of an element, Key that of the first of a pair (Seq2).
	// Err, of a SeqErr that is a parameter, is the field of its error, of kind
	// Error; as a result the error ends the call.
	Key, Elem, Err *Field

	// Head says that a first message, before all elements, carries what else the
	// method is given or returns: it is sent even if it has no fields. A result
	// has one if there are other results, an error included, beside it; a
	// parameter if there are others beside it than the context.
	Head bool
}

// A Message is a protobuf message that is made of, or stands in for, a Go type.
type Message struct {
	Name string // in the .proto: "Entry"
	Was  []string
	Doc  string
	Pos  token.Position
	File string     // base name of the source file whose output it goes to
	Go   types.Type // nil of requests, responses and wrappers

	// Func is the end of its functions' names, writeX and readX: "Entry". It is
	// empty of requests, responses, wrappers and map entries, which have none.
	Func string

	Fields []*Field

	Recursive bool // contains itself: writing it has to look at the depth
	Refs      bool // contains refs at any depth: functions take ctx and kept
	Ctx       bool // of these, some need a context for methods without one
	Wrapper   bool // holds a list or map where protobuf allows none
	Entry     bool // key and value of a map whose keys protobuf doesn't allow

	// What the ledger says must not be used again.
	ReservedNumbers []int32
	ReservedRanges  [][2]int32 // further ones, first and last included
	ReservedNames   []string
}

// A Field is a field of a message.
type Field struct {
	Name   string // in the .proto: "on_change"
	GoName string // the struct's field, or the parameter: "OnChange"
	Number int32  // 0 until the ledger has given one, unless a tag fixes it
	Fixed  bool   // a tag fixes Number
	Was    []string
	Doc    string // above it
	Note   string // behind it
	Pos    token.Position
	Type   *Type

	// Kept says of a ref that whoever receives it may keep it.
	Kept bool
}

// A Kind is a way in which a Go type crosses.
type Kind int

const (
	Invalid   Kind = iota
	Bool           // bool
	Int            // int64 or int32 by Bits
	Uint           // uint64 or uint32 by Bits
	Float          // double or float by Bits
	Complex        // tenon.Complex
	String         // string
	Bytes          // bytes: []byte and named types on it
	ByteArray      // bytes: [N]byte
	EnumKind       // an enum of Enum
	Struct         // Message
	Pointer        // optional Elem; not of a pointer
	Slice          // repeated Elem
	Array          // repeated Elem, Len of them
	Map            // map<Key, Elem>, or repeated Message where protobuf allows no such key
	Wrapped        // Message, whose field 1 is Elem: a slice, array, map or pointer where none is allowed
	Time           // google.protobuf.Timestamp
	Duration       // google.protobuf.Duration
	Text           // string, by AppendText or MarshalText and UnmarshalText
	Binary         // bytes, by AppendBinary or MarshalBinary and UnmarshalBinary
	Proto          // a protobuf message as it is: Go is the pointer type
	ErrorVal       // tenon.Error
	IO             // tenon.Ref: a reader, writer or closer
	Ref            // tenon.Ref: Interface, a Go interface or function
)

// A Type is how one Go type crosses.
type Type struct {
	Kind Kind
	Go   types.Type

	// Bits of an Int or Uint: 8, 16, 32 or 64, and 0 for int and uint, as in
	// strconv. Of a Float 32 or 64, of a Complex 64 or 128.
	Bits int

	Len       int64 // of an Array or ByteArray
	Key, Elem *Type

	Message   *Message   // of Struct, Wrapped, and a Map with entries
	Enum      *Enum      // of EnumKind
	Interface *Interface // of Ref

	// IO is the interface's name in package io, "ReadCloser".
	IO string

	// Append says of Text and Binary that there is an AppendText or AppendBinary.
	// Addr says that marshalling needs the value's address.
	Append, Addr bool

	// Comparable says of Struct, Text and Binary that != works on Go.
	Comparable bool

	// Consts are the constants of an integer that looks like a set of flags, and
	// is no enum for that: "PermRead = 1", for a comment.
	Consts []string

	// ProtoName and ProtoImport are the full name of a Proto and the path of the
	// file that declares it.
	ProtoName, ProtoImport string
}

// An Enum is a named integer type with constants.
type Enum struct {
	Name   string
	Was    []string
	Doc    string
	Pos    token.Position
	Go     types.Type
	Values []*EnumValue

	// Made says that the value 0 is not the author's but was added.
	Made bool

	ReservedNumbers []int32
	ReservedRanges  [][2]int32 // further ones, first and last included
	ReservedNames   []string
}

// An EnumValue is one constant.
type EnumValue struct {
	Name   string // in the .proto: "OP_PUT"
	GoName string // "OpPut"; "" if it was made
	Number int32
	Doc    string
	Note   string
	Pos    token.Position // none if it was made
}

// An Error is a sentinel or an error type that keeps its identity.
type Error struct {
	Name string // "kv.ErrNotFound", the same on both sides
	Was  []string
	Go   types.Object // a *types.Var of a sentinel, a *types.TypeName of a type
	Pos  token.Position

	// The rest is of types. Pointer says that *T is the error, not T.
	Pointer bool
	Message *Message // its fields; a type that is not a struct has one, "value", whose GoName is ""
	Cause   string   // the field that Unwrap returns, "" if none does
}
