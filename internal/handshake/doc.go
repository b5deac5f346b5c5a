// Package handshake settles what two processes speak before they speak it.
//
// It is pure: values go in, bytes come out, and the other way round. Whoever
// calls it does the reading and writing.
//
// # The hello
//
// Each side sends, before anything else, a preface of 8 bytes, the length of a
// body in 4 bytes, little-endian, and the body, which is at most 1 MiB. The host
// does not wait for the plugin, and the plugin answers the host:
//
//	offset  size  what
//	0       1     89 hex: not ASCII, and lost where the high bit is
//	1       3     "TEN"
//	4       2     0D 0A hex: changed where line ends are
//	6       1     the generation of the protocol, 1
//	7       1     0A hex: changed where line ends are, the other way
//	8       4     the length of the body
//	12      n     the body
//
// The host's body is an Offer, the plugin's an Answer:
//
//	message Offer {
//	  string app = 1;                 // required
//	  string cookie = 2;              // the cookie's value
//	  repeated int32 versions = 3;    // of the app that the host can use; at least one
//	  repeated Service services = 4;  // that the host offers
//	  Limits limits = 5;              // that the host sets
//	  sint32 log_level = 6;           // the lowest level to log, as log/slog numbers them
//	  string plugin = 7;              // the host's name for the plugin
//	  repeated string features = 8;   // what the host can do beyond this generation
//	  string library = 9;             // "tenon-go/0.1"
//	  int64 pid = 10;
//	}
//
//	message Answer {
//	  int32 version = 1;              // one of the offer's
//	  repeated Service services = 2;  // that the plugin offers in this version
//	  Limits limits = 3;              // that the plugin sets
//	  string name = 4;                // the plugin's own name
//	  string release = 5;             // its version, "1.4.2"
//	  string library = 6;
//	  int64 pid = 7;
//	  repeated string features = 8;
//	  Refusal refusal = 9;            // if set, only this counts
//	}
//
//	message Refusal {
//	  uint32 reason = 1;              // 1 app, 2 cookie, 3 versions, 4 the plugin's own
//	  string app = 2;                 // the plugin's
//	  repeated int32 versions = 3;    // the plugin's
//	  string text = 4;
//	}
//
//	message Service {
//	  string name = 1;
//	  repeated string methods = 2;
//	  repeated int32 versions = 3;    // in which it is offered; empty: in each. Offers only
//	}
//
//	message Limits {                  // of tenon.Limits; 0 or absent: the default
//	  int64 message = 1;
//	  int64 window = 2;
//	  int64 large = 3;
//	  int64 calls = 4;
//	  int64 refs = 5;
//	}
//
// Unknown fields and features are ignored: that is how the protocol grows
// within a generation. A feature is in use if both sides list it.
//
// Everything else that is wrong ends the connection before it begins, with an
// error of one of these types: [PrefaceError], [GenerationError], [HelloError],
// [AppError], [VersionError], [RefusedError].
//
// # Bounds
//
//	names                256 bytes, not empty
//	cookie              4096 bytes
//	a refusal's text   65536 bytes; longer ones are cut by the sender
//	versions             256, from 1 to 2147483647
//	services            1024, and no two of a name in the same version
//	methods             4096 of a service, no two of a name
//	features             256
//	limits                see [CheckLimits]
//
// # go-plugin's line
//
// [ParseLine] reads the line that a plugin of HashiCorp's go-plugin prints on
// its stdout; see [Line].
package handshake
