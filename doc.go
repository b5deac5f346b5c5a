// Package tenon is the vocabulary that hosts, plugins and generated code share.
//
// Tenon is a plugin system: a host starts a plugin as a process of its own, and
// uses it through an ordinary Go interface, as if it were a package of its own.
//
// # Contracts
//
// A contract is a Go interface. Its methods take and return Go values, among them
// readers, writers, functions and other interfaces, and stream with iterators:
//
//	//tenon:contract
//	type Store interface {
//		Get(ctx context.Context, key string) ([]byte, error)
//		Watch(ctx context.Context, prefix string) iter.Seq2[Event, error]
//		Import(ctx context.Context, name string, r io.Reader) (int64, error)
//		Each(ctx context.Context, visit func(key string) error) error
//	}
//
// Of an interface comes generated code: OpenStore returns a Store that calls the
// other side, and ServeStore makes a [Service] of a Store. That code is the main
// user of this package.
//
// # Hosts and plugins
//
// Package host starts plugins, package plugin serves them. What they agree on is
// an [App].
//
// # Connections
//
// The two ends of a connection, each a [Conn], are equal. A callback is a call in
// the other direction, on the same connection. A handler finds the connection
// that its call came in on with [Caller], and calls what the other side offers.
//
// # Refs
//
// An interface value, function, reader or writer that crosses the boundary
// stays where it is; the other side gets a [Ref] to it, wrapped in the type that
// the contract names. What is passed as an argument is lent: it is good until
// the call ends. What the contract says is kept, and what is a result, is good
// until it is released.
//
// # Errors
//
// What an implementation returned arrives as an [*Error], in which [errors.Is]
// and [errors.As] find the errors that the contract lists, those of context, io
// and io/fs, and whatever wrapped them. A failed connection is a
// [*TransportError], and a plugin that crashed is a host.ExitError.
//
// # Bounds
//
// Neither side trusts the other: message sizes, calls under way, refs and what is
// buffered are bounded by [Limits], and an error says which limit was reached.
package tenon
