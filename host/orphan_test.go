package host_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

// Hosts are programs that start the tool, for tests in which the host is what
// suffers.
var hosts = map[string]func(){
	"host": func() {
		p, err := host.Start(context.Background(), host.Config{App: app, Cmd: again(os.Args[1])})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		child, err := do(p, "grandchild")
		fmt.Println(p.Info().PID, child, err)
		hang()
	},
	"terminal": func() { // the tool's standard input is this program's
		p, err := host.Start(context.Background(), host.Config{App: app, Cmd: again("tool")})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(do(p, "tty"))
		p.Stop(context.Background())
	},
}

// guestOf returns the configuration of one of the tools, to be served here.
func guestOf(name string) func(context.Context, guestCarrier) error {
	return plugin.InProcess(toolConfigs[name]())
}

// kill -9 of the host takes the plugin and what that has started with it, even
// if the plugin hangs at its end.
func TestHostKilled(t *testing.T) {
	for _, name := range []string{"tool", "deaf", "neverstop"} {
		t.Run(name, func(t *testing.T) {
			cmd := tenontest.Command(t, "host", name)
			cmd.Env = append(os.Environ(), cmd.Env...)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			pids := strings.Fields(line)
			if err != nil || len(pids) != 3 || pids[2] != "<nil>" {
				t.Fatalf("%q, %v", line, err)
			}
			cmd.Process.Kill()
			cmd.Wait()
			for _, pid := range pids[:2] {
				until(t, "the end of "+pid, func() bool { return gone(pid) })
			}
		})
	}
}
