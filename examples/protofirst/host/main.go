// Command host runs the plugin that it is given, and uses it by gRPC's stubs.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"

	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon/examples/protofirst/notes"
	"github.com/tenon-go/tenon/host"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: host PLUGIN")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, program string) error {
	p, err := host.Start(ctx, host.Config{App: notes.App, Cmd: exec.Command(program)})
	if err != nil {
		return err
	}
	defer p.Stop(ctx)

	client, err := notes.Contract.Open(ctx, p) // an ordinary notes.NotesClient
	if err != nil {
		return err
	}
	for _, text := range []string{"buy milk", "call home", "milk the cow"} {
		if _, err := client.Add(ctx, &notes.Note{Text: text}); err != nil {
			return err
		}
	}
	_, err = client.Add(ctx, &notes.Note{})
	fmt.Println(status.Code(err), err)
	return list(ctx, client, "milk")
}

func list(ctx context.Context, client notes.NotesClient, word string) error {
	stream, err := client.List(ctx, &notes.ListRequest{Word: word})
	if err != nil {
		return err
	}
	for {
		note, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println(note.GetText())
	}
}
