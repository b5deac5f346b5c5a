package tenon_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/example/greet"
	"github.com/tenon-go/tenon/plugin"
)

// An echo greets by asking its caller, and says who asked.
type echo struct{}

func (echo) Greet(ctx context.Context, name string) (string, error) {
	conn, meta, ok := tenon.Caller(ctx)
	if !ok {
		return "", fmt.Errorf("not called by a host")
	}
	greeter, err := greet.OpenGreeter(ctx, conn) // a service of the host
	if err != nil {
		return "", err
	}
	text, err := greeter.Greet(ctx, name)
	return fmt.Sprintf("%s (asked by %s)", text, meta["user"]), err
}

type plain struct{}

func (plain) Greet(_ context.Context, name string) (string, error) {
	return "Hello, " + name + "!", nil
}

// A plugin reaches the services that its host offers by the context of a call.
func ExampleCaller() {
	ctx := context.Background()
	p, err := host.Start(ctx, host.Config{
		App:      greet.App,
		Services: []tenon.Service{greet.ServeGreeter(plain{})},
		InProcess: plugin.InProcess(plugin.Config{
			App:      greet.App,
			Services: []tenon.Service{greet.ServeGreeter(echo{})},
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Stop(ctx)
	greeter, err := greet.OpenGreeter(ctx, p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(greeter.Greet(tenon.WithMetadata(ctx, tenon.Metadata{"user": {"ada"}}), "world"))
	// Output: Hello, world! (asked by [ada]) <nil>
}

func ExampleCodeOf() {
	err := fmt.Errorf("cannot open: %w", &tenon.Error{Code: tenon.PermissionDenied, Message: "not yours"})
	fmt.Println(tenon.CodeOf(err), "-", err)
	// Output: permission denied - cannot open: not yours
}
