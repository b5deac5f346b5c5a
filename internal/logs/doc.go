// Package logs turns slog records into bytes and back.
//
// A plugin's [Handler] encodes each record and hands the bytes to the
// connection; the host parses them with [Parse] and gives the record to its own
// logger with [Deliver]. On the way a record is this protobuf message:
//
//	message Record {
//	  repeated Attr attrs = 1;
//	  Time time = 2;        // absent: the zero time
//	  sint64 level = 3;     // as in log/slog: debug -4, info 0, warn 4, error 8
//	  string message = 4;
//	  Source source = 5;
//	}
//
//	message Group {
//	  repeated Attr attrs = 1;
//	}
//
//	message Attr {
//	  string key = 1;
//	  oneof value {         // none of them: null
//	    string string = 2;
//	    sint64 int = 3;
//	    uint64 uint = 4;
//	    double float = 5;
//	    bool bool = 6;
//	    sint64 duration = 7; // nanoseconds
//	    Time time = 8;
//	    Group group = 9;
//	    string error = 10;   // the text of an error
//	    bytes bytes = 11;
//	    string json = 12;    // any other value
//	    Source source = 13;
//	  }
//	}
//
//	message Time {
//	  sint64 seconds = 1;   // since 1970
//	  uint32 nanos = 2;
//	  sint32 offset = 3;    // of the time zone, in seconds east of UTC
//	}
//
//	message Source {
//	  string function = 1;
//	  string file = 2;
//	  sint64 line = 3;
//	}
//
// # What becomes of values
//
// The kinds of log/slog cross as they are, LogValuers as what they resolve to.
// Among other values, an error becomes its text, a [encoding.TextMarshaler] its
// text, a byte slice stays one, and the rest becomes JSON, as it would in a
// [slog.JSONHandler]: on the other side it is a string, a number, a bool, or,
// for objects and arrays, a [json.RawMessage], which prints as JSON again. What
// cannot be marshalled, or panics, becomes a text that says so. Text that is not
// UTF-8 is repaired. So every record can be sent.
//
// # Bounds
//
// A record that is larger than its bound, has more than [MaxAttrs] attributes or
// groups deeper than [MaxDepth] is cut, and has the attribute [TruncatedKey]
// then. The host applies the last two again, counts what is repeated without
// need as attributes, and does not read a record that is larger than [MaxSize].
//
// # Reserved keys
//
// A plugin's attributes cannot pass for what the host says. If they are not in
// a group, those named time, level, msg and plugin arrive as plugin.time,
// plugin.level, plugin.msg and plugin.plugin; so does source as plugin.source,
// unless it is the record's source position. See [Deliver], through which
// records of hclog come as well.
//
// # Source
//
// The program counter of a record means nothing in another process. So the
// source position crosses as what it stands for, and arrives as an attribute
// [slog.SourceKey] that holds a *[slog.Source], as which the handlers of
// log/slog print it in their usual form, file:line or an object. Their AddSource
// option adds nothing to it, since a record without a program counter has no
// source of its own: it is printed once, whether the option is set or not.
package logs
