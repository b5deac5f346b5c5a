// Package collide imports packages of one name, and packages under names that
// generated code needs for others.
package collide

import (
	ctx "context"
	tenon "io"
	io "iter"
	context "strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/one/item"
	item2 "github.com/tenon-go/tenon/cmd/tenon/internal/cases/collide/two/item"
)

// Collide returns what it is given.
//
//tenon:contract
type Collide interface {
	Items(c ctx.Context, a item.Item, b item2.Item) (item.Item, item2.Item, error)
	Kinds(c ctx.Context, a item.Kind, b item2.Kind) (item.Kind, item2.Kind, error)
	Named(c ctx.Context, item item2.Item, item2 []item.Item) (item2.Item, []item.Item, error)
	Builder(c ctx.Context, r tenon.Reader) (int64, error)
	All(c ctx.Context, n int) io.Seq2[item.Item, error]
	Fields(c ctx.Context, v Fields) (Fields, error)
	Count(c ctx.Context, v Builder) (Builder, error)
}

// Fields has both.
type Fields struct {
	One item.Item
	Two item2.Item
	// ItemItem is called what the message of the other package would be.
	ItemItem ItemItem
}

// ItemItem is called what another package's type would be in the .proto.
type ItemItem struct{ Own string }

// Builder is not that of package strings.
type Builder struct{ Text string }

// Repeat uses package strings.
func Repeat(s string) string { return context.Repeat(s, 2) }
