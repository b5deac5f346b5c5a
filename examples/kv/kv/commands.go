package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/host"
)

// runCommand starts a plugin, does one thing with it, and stops it.
func runCommand(ctx context.Context, plugin, data, name string, args []string) error {
	do, ok := commands[name]
	if !ok {
		return fmt.Errorf("there is no command %q: %w", name, errUsage)
	}
	if len(args) < do.least || len(args) > do.most {
		return fmt.Errorf("wrong number of arguments to %s: %w", name, errUsage)
	}
	cmd, err := command(plugin, data)
	if err != nil {
		return err
	}
	cmd.Stdout = io.Discard // what is on our standard output is for the user alone
	p, store, err := start(ctx, host.Config{Cmd: cmd, Services: serveClock(time.Now)})
	if err != nil {
		return err
	}
	err = do.run(ctx, store, append(args, "")) // an argument that is left out is empty
	// The user's interrupt ends what we do, not the plugin's chance to put things
	// in order. Stop has a deadline of its own.
	return errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
}

var commands = map[string]struct {
	least, most int
	run         func(ctx context.Context, store kv.Store, args []string) error
}{
	"get":    {1, 1, get},
	"put":    {2, 2, put},
	"delete": {1, 1, remove},
	"list":   {0, 1, list},
	"import": {1, 2, load},
	"export": {1, 2, save},
	"watch":  {0, 1, watch},
}

func get(ctx context.Context, store kv.Store, args []string) error {
	value, err := store.Get(ctx, args[0])
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s\n", value)
	return err
}

func put(ctx context.Context, store kv.Store, args []string) error {
	return store.Put(ctx, args[0], []byte(args[1]))
}

func remove(ctx context.Context, store kv.Store, args []string) error {
	return store.Delete(ctx, args[0])
}

func list(ctx context.Context, store kv.Store, args []string) error {
	// The entries come as a stream: the loop may end early, and a store of a
	// million keys takes no more memory than one of ten.
	for e, err := range store.List(ctx, args[0]) {
		if err != nil {
			return err
		}
		fmt.Printf("%10d  %s  %s\n", e.Size, e.Modified.Local().Format(time.DateTime), e.Key)
	}
	return nil
}

func load(ctx context.Context, store kv.Store, args []string) error {
	from := os.Stdin
	if args[1] != "" {
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	// The plugin reads from the file that is open here. It gets to see neither
	// its name nor anything else of the disk.
	size, err := store.Import(ctx, args[0], from)
	if err != nil {
		return err
	}
	fmt.Printf("%d bytes\n", size)
	return nil
}

func save(ctx context.Context, store kv.Store, args []string) error {
	if args[1] == "" {
		_, err := store.Export(ctx, args[0], os.Stdout)
		return err
	}
	f, err := os.Create(args[1])
	if err != nil {
		return err
	}
	_, err = store.Export(ctx, args[0], f)
	return errors.Join(err, f.Close())
}

func watch(ctx context.Context, store kv.Store, args []string) error {
	// The plugin calls this function, which runs here.
	err := store.Watch(ctx, args[0], func(_ context.Context, e kv.Event) error {
		switch e.Op {
		case kv.OpPut:
			fmt.Println("put   ", e.Entry.Key)
		case kv.OpDelete:
			fmt.Println("delete", e.Entry.Key)
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return nil // that is how the user ends it
	}
	return err
}
