// Package docs has comments with odd contents.
package docs

import "context"

/*
Docs has a comment in the other form.

	code := "indented"
	if code { / * nested * / }

It has a list:
  - one
  - two with a trailing backslash \

and ends in spaces.
*/
//
//tenon:contract
type Docs interface {
	// Star has */ and /* in its comment, "quotes", `backquotes`, 100% %d %s, and \n.
	Star(ctx context.Context, s string) (string, error)

	// Unicode has ünïcödé, 日本語, 🎉 and a right-to-left mark: ‏.
	Unicode(ctx context.Context, s string) (string, error) // and a comment behind it
	Behind(ctx context.Context, s string) (string, error)  // has only that

	// Deprecated: use Star.
	//
	// # Heading
	//
	// [Star] is a link, [context.Context] too, and so is <https://example.com/?a=b&c=d>.
	//
	//nolint:all
	Old(ctx context.Context, s string) (string, error)

	//tenon:idempotent
	OnlyDirective(ctx context.Context, s string) (string, error)
	None(ctx context.Context, s string) (string, error)

	// Before a directive.
	//tenon:idempotent
	// After a directive.
	Around(ctx context.Context, s string) (string, error)

	// syntax = "proto3"; option go_package = "x"; } message Evil { int32 x = 1; }
	Evil(ctx context.Context, v Odd) (Odd, error)
	// A very long line that goes on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on and on.
	Long(ctx context.Context, s string) (string, error)
}

// Odd has odd comments on its fields.
type Odd struct {
	// Above has one above,
	// on two lines.
	Above string // and behind */

	Behind string // behind only

	/* block */
	Block string /* block behind */

	A, B int // of both

	// Not of any field.

	Alone  string
	Tagged string `tenon:"name=tagged_name"` // with a tag
}
