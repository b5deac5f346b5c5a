// Package item is a contract with a struct such as contracts have: ten fields,
// one of them a struct, another a list of twenty.
package item

import "context"

// Desk takes orders.
//
//tenon:contract
type Desk interface {
	// Place returns o as it was taken.
	Place(ctx context.Context, o Order) (Order, error)
}

// Order is what is encoded and decoded.
type Order struct {
	ID      string
	Number  int64
	Paid    bool
	Total   float64
	Digest  []byte
	Created int64 // nanoseconds since 1970
	Changed int64
	Flags   uint32
	Address Address
	Lines   []Line
}

// Address is where an order goes to.
type Address struct {
	Name   string
	Street string
	City   string
	Code   uint32
}

// Line is a line of an order.
type Line struct {
	SKU      string
	Quantity int64
	Cents    int64
	Gift     bool
}

// Example returns an order of so many lines.
func Example(lines int) *Order {
	o := &Order{
		ID:      "order-2024-000017",
		Number:  170_017,
		Paid:    true,
		Total:   1249.75,
		Digest:  []byte("0123456789abcdef0123456789abcdef"),
		Created: 1_718_000_000_123_456_789,
		Changed: 1_718_000_360_987_654_321,
		Flags:   5,
		Address: Address{Name: "Ada Lovelace", Street: "12 St James's Square", City: "London", Code: 10115},
		Lines:   make([]Line, lines),
	}
	for i := range o.Lines {
		o.Lines[i] = Line{SKU: "sku-" + string(rune('a'+i%26)) + "-1234", Quantity: int64(1 + i%7), Cents: int64(995 + 250*i), Gift: i%5 == 0}
	}
	return o
}
