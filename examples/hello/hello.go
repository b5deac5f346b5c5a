// Package hello is the contract between a program and its greeters.
package hello

import (
	"context"
	"errors"

	"github.com/tenon-go/tenon"
)

//go:generate go tool tenon gen

// Greeter greets people.
//
//tenon:contract
type Greeter interface {
	// Greet returns a greeting for name. It fails with ErrNobody if name is empty.
	Greet(ctx context.Context, name string) (string, error)
}

// ErrNobody means that there is nobody to greet.
var ErrNobody = errors.New("nobody to greet")

// App is what hosts and plugins of this package agree on before they speak.
var App = tenon.App{Name: "hello", Version: 1}
