package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"

	"github.com/tenon-go/tenon/examples/hello"
	"github.com/tenon-go/tenon/host"
)

func main() {
	ctx := context.Background()
	p, err := host.Start(ctx, host.Config{App: hello.App, Cmd: exec.Command(os.Args[1])})
	if err != nil {
		log.Fatal(err) // which file, which stage, what it printed, how it ended, what to try
	}
	defer p.Stop(ctx)

	greeter, err := hello.OpenGreeter(ctx, p) // an ordinary hello.Greeter
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(greeter.Greet(ctx, "world"))

	_, err = greeter.Greet(ctx, "")
	fmt.Println(err, errors.Is(err, hello.ErrNobody)) // errors keep their identity
}
