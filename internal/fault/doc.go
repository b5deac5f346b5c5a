// Package fault carries errors across the boundary with their identity.
//
// [Encode] writes an error into the message that a failed call is answered
// with, [Decode] rebuilds it on the other side. What errors.Is and errors.As
// said of the error before, they say after. The wire form is this message:
//
//	// Fault is what a call that failed is answered with.
//	message Fault {
//	  uint32 code = 1;     // the numbers of gRPC's status codes; never 0
//	  string message = 2;  // the text of the error
//	  string stack = 3;    // the goroutine's stack, if a panic is the cause
//	  Cause cause = 4;     // what the error is or wraps; absent if that is no more than its text
//	}
//
//	// Cause is one error of a tree of errors.
//	message Cause {
//	  optional string text = 1;    // absent: the same as that of the node above, or as message
//	  string name = 2;             // a sentinel or type of the contract: "kv.ErrNotFound"
//	  string known = 3;            // a sentinel or type that every peer knows: "io.EOF"
//	  optional bytes value = 4;    // the fields of the type that name or known names
//	  repeated Cause causes = 5;   // what it wraps
//	  bool many = 6;               // it wraps a list, even if that has one entry
//	  repeated string is = 7;      // further sentinels that it says it is, by either kind of name
//	}
//
// The fields of the types that every peer knows are:
//
//	"fs.PathError"      { bytes op = 1; bytes path = 2; }
//	"os.LinkError"      { bytes op = 1; bytes old = 2; bytes new = 3; }
//	"os.SyscallError"   { bytes syscall = 1; }
//	"strconv.NumError"  { bytes func = 1; bytes num = 2; }
//	"syscall.Errno"     { uint64 number = 1; string os = 2; }   // os as GOOS has it: "linux"
//	"tenon.Error"       { uint32 code = 1; string service = 2; string method = 3; string stack = 4; }
//
// They are bytes where the operating system's names need not be UTF-8. A type
// with a single wrapped error (all but Errno) has it as its only cause.
//
// The sentinels that every peer knows are context.Canceled,
// context.DeadlineExceeded, errors.ErrUnsupported, fs.ErrClosed, fs.ErrExist,
// fs.ErrInvalid, fs.ErrNotExist, fs.ErrPermission, fs.SkipAll, fs.SkipDir,
// io.EOF, io.ErrClosedPipe, io.ErrNoProgress, io.ErrShortBuffer,
// io.ErrShortWrite, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded,
// os.ErrNoDeadline, os.ErrProcessDone, strconv.ErrRange and strconv.ErrSyntax.
//
// A name that the receiver does not know costs the identity, nothing else: the
// text stays, and so does all that the error wraps.
//
// # Bounds
//
// A tree has at most 256 nodes, 64 deep; a text at most 64 KiB; all texts and
// values of one error at most 96 KiB together. The sender leaves out what is
// beyond, the innermost first, and cuts texts with an ellipsis; the receiver
// ignores what is beyond. Text that is not UTF-8 is made so, with U+FFFD. A
// message that is malformed decodes to an error that says so.
//
// # Values
//
// [Append] and [Parse] carry an error that is a value: in a field of a message, or
// of an error type. Those of error types are at most 8 deep, and share the bounds
// above with the outermost error; what is beyond has its text alone, and no more
// than is left for texts. A sentinel or a typed value comes back as itself, not in
// a [tenon.Error], if that would not say more.
//
// # What does not cross
//
// Types that the contract does not list cross as their text and what they
// wrap. So do the methods of interfaces (Timeout() bool) and custom As
// methods; custom Is methods are asked for the sentinels that have a name. An
// error whose text is empty comes back with the name of its code as its text,
// because that is how a [tenon.Error] prints.
//
// A [tenon.TransportError] crosses as text, with the code Unavailable: it says
// that some other connection of the sender's failed, and the receiver would
// take it for its own.
package fault
