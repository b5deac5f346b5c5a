package host_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/plugin"
)

// Strangers are programs that are started as plugins and are none, or are bad
// ones.
var strangers = map[string]func(){
	"quits": func() {
		fmt.Fprintln(os.Stderr, "reading config.toml")
		fmt.Fprintln(os.Stderr, "cannot open database: /var/lib/kv: no such file or directory")
		os.Exit(3)
	},
	"quitswell": func() {},
	"panics":    func() { panic("no configuration") },
	"killed":    func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"garbage": func() {
		fmt.Println("usage: tool [-v] FILE")
		fmt.Println("\x00\xff\xfe garbage")
		hang()
	},
	"silent":     func() { hang() },
	"closes":     func() { closeAll(); hang() },
	"random":     func() { say(random(64 << 10)); hang() },
	"randomdies": func() { say(random(4 << 10)) },
	"logtext":    func() { say([]byte("2026/01/02 15:04:05 starting up, listening on :8080\n")); hang() },
	"grpcline":   func() { fmt.Println("1|1|unix|/tmp/plugin123|grpc|"); hang() },
	"netrpcline": func() { fmt.Println("some log line first\n1|5|tcp|127.0.0.1:1234|netrpc"); hang() },
	"hugehello": func() {
		p := handshake.Preface()
		say(append(p[:], 0xff, 0xff, 0xff, 0xff))
		hang()
	},
	"half":     func() { p := handshake.Preface(); say(p[:5]); hang() },
	"halfdies": func() { p := handshake.Preface(); say(append(p[:], 40, 0, 0, 0, 1, 2, 3)) },
	"halfhangs": func() { // the length says more than comes
		p := handshake.Preface()
		say(append(p[:], 40, 0, 0, 0, 1, 2, 3))
		hang()
	},
	"malformed": func() {
		p := handshake.Preface()
		say(append(p[:], 3, 0, 0, 0, 0xff, 0xff, 0xff))
		hang()
	},
	"future":    func() { p := handshake.Preface(); p[6] = 9; say(p[:]); hang() },
	"uninvited": func() { answer(handshake.Answer{Version: 7, Library: "x"}); hang() },
	"hugeframe": func() {
		answer(handshake.Answer{Version: 1, Services: []handshake.Service{{Name: "test.Tool", Methods: []string{"Do"}}}})
		var b [64]byte
		os.NewFile(3, "").Read(b[:]) // until it is called
		say([]byte{0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
		hang()
	},
	"heir": func() { // what it started lives on, and holds the connection
		answer(handshake.Answer{Version: 1, Services: []handshake.Service{{Name: "test.Tool", Methods: []string{"Do"}}}})
		var b [64]byte
		os.NewFile(3, "").Read(b[:])
		cmd := exec.Command("setsid", "sleep", "1000")
		cmd.ExtraFiles = []*os.File{os.NewFile(3, "connection")}
		cmd.Start()
		for { // it forks first, if it has to
			if stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid)); string(stat) == "sleep\n" {
				break
			}
		}
		fmt.Println(cmd.Process.Pid)
		os.Exit(5)
	},
	"halfframe": func() {
		answer(handshake.Answer{Version: 1, Services: []handshake.Service{{Name: "test.Tool", Methods: []string{"Do"}}}})
		var b [64]byte
		os.NewFile(3, "").Read(b[:])
		say([]byte{3, 0, 0})
	},
	"otherapp":    func() { plugin.Main(tenon.App{Name: "other"}, toolService()) },
	"othercookie": func() { plugin.Main(tenon.App{Name: "test", Cookie: "TEST_COOKIE=b"}, toolService()) },
	"newer":       func() { plugin.Main(tenon.App{Name: "test", Version: 4, Versions: []int{3}}, toolService()) },
	"older":       func() { plugin.Main(tenon.App{Name: "test"}, toolService()) },
	"initfails": toolWith(func(c *plugin.Config) {
		c.Init = func(context.Context) error { return errors.New("cannot lock /var/lib/kv: held by pid 4711") }
	}),
	"twice":     toolWith(func(c *plugin.Config) { c.Services = append(c.Services, c.Services[0]) }),
	"nolimits":  toolWith(func(c *plugin.Config) { c.Limits.Message = 1 }),
	"nameless":  toolWith(func(c *plugin.Config) { c.App.Name = "" }),
	"emptyserv": toolWith(func(c *plugin.Config) { c.Services = append(c.Services, tenon.Service{}) }),
	"byhand": func() {
		os.Unsetenv(handshake.EnvPlugin)
		plugin.Main(app, toolService())
	},
}

// hang waits for ever, which with no other goroutine would be a deadlock that
// the runtime sees.
func hang() {
	r, _, _ := os.Pipe()
	var b [1]byte
	r.Read(b[:])
}

func say(b []byte) {
	if _, err := os.NewFile(3, "connection").Write(b); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func answer(a handshake.Answer) {
	body, err := a.Append(nil)
	if err != nil {
		panic(err)
	}
	hello, err := handshake.AppendHello(nil, body)
	if err != nil {
		panic(err)
	}
	say(hello)
	readOffer()
}

// readOffer takes the host's hello off the connection.
func readOffer() {
	f := os.NewFile(3, "connection")
	var head [handshake.PrefaceSize + handshake.LengthSize]byte
	f.Read(head[:])
	n, _ := handshake.ParseLength([4]byte(head[handshake.PrefaceSize:]))
	f.Read(make([]byte, n))
}

func random(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func closeAll() {
	for fd := range 4 {
		syscall.Close(fd)
	}
}
