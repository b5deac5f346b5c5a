package plugin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"math/big"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	plugin "github.com/tenon-go/tenon/compat/goplugin"
)

// each runs a test for both protocols, and all that can be chosen of them.
func each(t *testing.T, test func(t *testing.T, c *plugin.ClientConfig)) {
	for _, v := range []struct {
		name, plugin string
		mtls, mux    bool
	}{
		{"netrpc", "netrpc", false, false},
		{"netrpc,mtls", "netrpc", true, false},
		{"grpc", "grpc", false, false},
		{"grpc,mtls", "grpc", true, false},
		{"grpc,mux", "grpc", false, true},
		{"grpc,mtls,mux", "grpc", true, true},
	} {
		t.Run(v.name, func(t *testing.T) {
			c := config(t, v.plugin)
			c.AutoMTLS, c.GRPCBrokerMultiplex = v.mtls, v.mux
			test(t, c)
		})
	}
}

func TestCalls(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		client := start(t, c)
		d := dispense(t, client)
		if got := do(t, d, "greet you"); got != "hello you" {
			t.Errorf("got %q", got)
		}
		if _, err := d.Do("fail badly"); err == nil || !strings.Contains(err.Error(), "badly") {
			t.Errorf("the error is %v", err)
		}
		p, _ := client.Client()
		if err := p.Ping(); err != nil {
			t.Error(err)
		}
		if again, _ := client.Client(); again != p {
			t.Error("Client returned another connection")
		}
		if _, err := p.Dispense("nothing"); err == nil || err.Error() != "unknown plugin type: nothing" {
			t.Errorf("the error is %v", err)
		}
		if pid := do(t, d, "pid"); client.ID() != pid || fmt.Sprint(client.ReattachConfig().Pid) != pid || fmt.Sprint(c.Cmd.Process.Pid) != pid {
			t.Errorf("the pid is %s, the ID %s", pid, client.ID())
		}
		if client.NegotiatedVersion() != 1 || client.Exited() {
			t.Error(client.NegotiatedVersion(), client.Exited())
		}
		client.Kill()
		if s := c.Cmd.ProcessState; !s.Success() || s.ExitCode() != 0 {
			t.Errorf("the state is %v", s)
		}
		if !client.Exited() || client.ID() != "" {
			t.Errorf("after Kill, Exited is %v, ID %q", client.Exited(), client.ID())
		}
		client.Kill()
	})
}

// TestBroker has both sides call each other.
func TestBroker(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		d := dispense(t, start(t, c))
		for range 3 {
			id := d.serve(fixed("from the host"))
			if got := do(t, d, fmt.Sprintf("back %d x", id)); got != "from the host" {
				t.Errorf("got %q", got)
			}
		}
	})
}

func TestBrokerNobody(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		t.Parallel()
		d := dispense(t, start(t, c))
		if _, err := d.Do("back 99 x"); err == nil {
			t.Error("there was an answer")
		}
		do(t, d, "greet you")
	})
}

// TestBrokerClosed is about tflint#2197: what is served when the connection has ended.
func TestBrokerClosed(t *testing.T) {
	for _, mux := range []bool{false, true} {
		c := config(t, "grpc")
		c.GRPCBrokerMultiplex = mux
		client := start(t, c)
		b := dispense(t, client).(doerGRPC).b
		client.Kill()
		if _, err := b.Accept(b.NextId()); err == nil || !strings.HasPrefix(err.Error(), "broker closed") {
			t.Errorf("the error is %v", err)
		}
		var logged strings.Builder
		log.SetOutput(&logged)
		b.AcceptAndServe(b.NextId(), plugin.DefaultGRPCServer)
		log.SetOutput(os.Stderr)
		if logged.Len() > 0 {
			t.Errorf("logged: %s", &logged)
		}
	}
}

// TestMessages is about sizes that go-plugin's servers refuse.
func TestMessages(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		d := dispense(t, start(t, c))
		if got := do(t, d, "len "+strings.Repeat("x", 6<<20)); got != fmt.Sprint(6<<20) {
			t.Errorf("got %s", got)
		}
		id := d.serve(impl{})
		if got := do(t, d, fmt.Sprintf("back %d len %s", id, strings.Repeat("x", 6<<20))); got != fmt.Sprint(6<<20) {
			t.Errorf("got %s", got)
		}
	})
}

func TestOutput(t *testing.T) {
	each(t, func(t *testing.T, c *plugin.ClientConfig) {
		var out, errs buffer
		c.SyncStdout, c.SyncStderr = &out, &errs
		client := start(t, c)
		d := dispense(t, client)
		do(t, d, "print one")
		do(t, d, "eprint two")
		out.wait(t, "one")
		errs.wait(t, "two")
		last := strings.Repeat("y", 100<<10)
		do(t, d, "print "+last)
		client.Kill()
		if got := out.String(); got != "one"+last {
			t.Errorf("%d bytes came, not %d: what was printed last is lost", len(got), 3+len(last))
		}
	})
}

func TestVersions(t *testing.T) {
	named := func(v ...int) map[int]plugin.PluginSet {
		all := map[int]plugin.PluginSet{}
		for _, v := range v {
			all[v] = set
		}
		return all
	}
	for _, v := range []struct {
		host    []int
		version int
		says    string
	}{
		{[]int{2, 3}, 3, "three"},
		{[]int{1, 2}, 2, "two"},
		{[]int{4, 5}, 4, "four"},
	} {
		c := config(t, "versions")
		c.Plugins, c.ProtocolVersion, c.VersionedPlugins = nil, 0, named(v.host...)
		client := start(t, c)
		if got := do(t, dispense(t, client), "x"); got != v.says || client.NegotiatedVersion() != v.version {
			t.Errorf("%v: version %d, which says %q", v.host, client.NegotiatedVersion(), got)
		}
	}
	c := config(t, "versions")
	c.Plugins, c.VersionedPlugins = nil, named(7, 8)
	_, err := plugin.NewClient(c).Start()
	if err == nil || !strings.HasPrefix(err.Error(), "incompatible API version with plugin. Plugin version: 2, Client versions: [7 8]") {
		t.Errorf("the error is %v", err)
	}
}

// TestTLS is about certificates of the caller's.
func TestTLS(t *testing.T) {
	for _, p := range []string{"netrpc", "grpc"} {
		c := config(t, "tls", p)
		own, err := testTLS()
		if err != nil {
			t.Fatal(err)
		}
		own.InsecureSkipVerify = true
		c.TLSConfig = own
		if got := do(t, dispense(t, start(t, c)), "greet you"); got != "hello you" {
			t.Errorf("got %q", got)
		}
	}
	for _, p := range []string{"netrpc", "grpc"} {
		client := start(t, config(t, "tls", p))
		if _, err := client.Client(); err == nil {
			t.Errorf("%s: a host without TLS is connected to a plugin with it", p)
		}
	}
}

func testTLS() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, err
}

func TestServeMux(t *testing.T) {
	d := dispense(t, start(t, config(t, "mux", "doer")))
	do(t, d, "greet you")
	if _, err := plugin.NewClient(config(t, "mux", "other")).Start(); err == nil {
		t.Error("an unknown plugin has started")
	}
}

// TestEnvironment is about whose value wins, and what is not for a plugin's own
// children.
func TestEnvironment(t *testing.T) {
	t.Setenv("TENON_TEST_HOST", "host")
	c := config(t, "grpc")
	c.Cmd.Env = append(c.Cmd.Env, "TENON_TEST_HOST=caller", "TENON_TEST_CALLER=caller")
	c.AutoMTLS = true
	d := dispense(t, start(t, c))
	for name, want := range map[string]string{
		"TENON_TEST_HOST": "host", "TENON_TEST_CALLER": "caller", "PLUGIN_CLIENT_CERT": "", handshake.MagicCookieKey: "",
	} {
		if got := do(t, d, "env "+name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	c = config(t, "grpc")
	c.SkipHostEnv = true
	if got := do(t, dispense(t, start(t, c)), "env TENON_TEST_HOST"); got != "" {
		t.Errorf("the host's environment has come: %q", got)
	}
}

func TestManaged(t *testing.T) {
	var clients []*plugin.Client
	for range 3 {
		c := config(t, "grpc")
		c.Managed = true
		clients = append(clients, start(t, c))
	}
	plugin.CleanupClients()
	for _, c := range clients {
		if !c.Exited() {
			t.Error("a managed client's plugin runs")
		}
	}
	if plugin.Killed != 1 {
		t.Error("Killed is not set")
	}
	plugin.CleanupClients()
}

// TestSockets is about what is left in the file system.
func TestSockets(t *testing.T) {
	dir := t.TempDir()
	c := config(t, "grpc")
	c.UnixSocketConfig = &plugin.UnixSocketConfig{TempDir: dir}
	client := start(t, c)
	if !strings.HasPrefix(client.ReattachConfig().Addr.String(), dir+"/") {
		t.Errorf("the socket is %v", client.ReattachConfig().Addr)
	}
	c.Cmd.Process.Kill()
	client.Kill()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestCycles leaves it to the check at the end to find what is left behind.
func TestCycles(t *testing.T) {
	for _, p := range []string{"grpc", "netrpc"} {
		for range 50 {
			c := config(t, p)
			c.AutoMTLS = true
			client := plugin.NewClient(c)
			do(t, dispense(t, client), "greet you")
			client.Kill()
		}
	}
	// Each Cmd.Process has a descriptor until its finalizer has run.
	runtime.GC()
	runtime.GC()
}
