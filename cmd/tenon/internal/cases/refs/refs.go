// Package refs has interfaces as arguments, results and fields, in both
// directions.
package refs

import (
	"context"
	"io"
	"iter"
)

// Refs passes refs.
//
//tenon:contract
type Refs interface {
	Make(ctx context.Context, name string) (Node, error)
	Name(ctx context.Context, n Node) (string, error)

	// Same returns n.
	Same(ctx context.Context, n Node) (Node, error)

	// Home says whether n is of this side.
	Home(ctx context.Context, n Node) (bool, error)

	IsNil(ctx context.Context, n Node, r io.Reader, s Struct) (bool, error)
	Nothing(ctx context.Context) (Node, error)

	List(ctx context.Context, all []Node, by map[string]Node) ([]Node, error)
	Struct(ctx context.Context, s Struct) (Struct, error)
	Stream(ctx context.Context, n int) iter.Seq2[Node, error]
	Each(ctx context.Context, nodes iter.Seq[Node]) (string, error)

	// Keep keeps n and what is in s.
	//
	//tenon:keep n s
	Keep(ctx context.Context, n Node, s Struct) error

	// Kept names what was kept, and releases it.
	Kept(ctx context.Context) (string, error)

	// Self returns the Refs as a ref.
	Self(ctx context.Context) (Refs, error)

	// Other uses another one of these.
	Other(ctx context.Context, r Refs, name string) (string, error)

	// Inline has an interface without a name.
	Inline(ctx context.Context, v interface {
		Double(ctx context.Context, n int) (int, error)
	}, n int) (int, error)

	Writer(ctx context.Context, w io.Writer, s string) error
	Reader(ctx context.Context, s string) (io.ReadCloser, error)
}

// Node is a ref that leads to others.
type Node interface {
	Name(ctx context.Context) (string, error)
	Child(ctx context.Context, name string) (Node, error)
	Visit(ctx context.Context, v Visitor) error
	Close() error
}

// Visitor visits.
type Visitor interface {
	Visit(ctx context.Context, n Node) error
}

// Struct has refs as fields.
type Struct struct {
	Name  string
	Node  Node
	Nodes []Node
	By    map[string]Node
	Inner *Struct
	R     io.Reader
}
