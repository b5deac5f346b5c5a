package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/interop/scenario"
	"github.com/tenon-go/tenon/tenontest"
)

// A fault is a faulty plugin, and what a Tenon host has to make of it.
type fault struct {
	name    string
	plugin  faulty
	asks    running // what the host asks for
	dial    uint32  // an id that the host dials; 0: none
	stage   host.Stage
	problem grpcplug.Problem // 0: an error of the handshake, if there is a stage
	cause   string           // with net/rpc, under the shim's host; empty: it depends on who was first to see the end
	inLine  bool             // with net/rpc: the shim sees it in the line, the original when it connects
}

var (
	auto  = running{autoMTLS: true}
	mux   = running{multiplex: true}
	rpc   = running{netRPC: true} // of which Tenon's own API only says that it does not speak it
	asked = placed(77, "/nonexistent/socket")
	knows = knocked(78, false)
	acks  = knocked(79, true)
)

// neverServed is an id that no plugin here serves.
const neverServed = 99

var faults = []fault{
	{name: "nothing is wrong"},
	{name: "announces a socket that is not there", plugin: faulty{line: says("1|2|unix|/nonexistent/socket|grpc|")}, stage: host.StageConnect, problem: grpcplug.NobodyThere},
	{name: "announces a port where nobody listens", plugin: faulty{line: says("1|2|tcp|127.0.0.1:1|grpc|")}, stage: host.StageConnect, problem: grpcplug.NobodyThere},
	{name: "announces a port that a mail server holds", plugin: faulty{line: holds("grpc", "220 mail.example.org ESMTP ready\r\n")}, stage: host.StageConnect, problem: grpcplug.NotGRPC},
	{name: "announces a port whose holder says nothing", plugin: faulty{line: holds("grpc", "")}, stage: host.StageConnect, problem: grpcplug.NotGRPC},

	{name: "announces another's certificate", plugin: faulty{tls: true, announced: true}, asks: auto, stage: host.StageConnect, problem: grpcplug.TLSFailed},
	{name: "announces a certificate and speaks no TLS", plugin: faulty{announced: true}, asks: auto, stage: host.StageConnect, problem: grpcplug.TLSFailed},
	{name: "announces what is no certificate", plugin: faulty{line: says("1|2|unix|@|grpc|" + strings.Repeat("AAAA", 20))}, asks: auto, stage: host.StageConnect, problem: grpcplug.BadCertificate},
	{name: "announces no certificate, though AutoMTLS is asked for", asks: auto, stage: host.StageConnect, problem: grpcplug.NoCertificate},
	{name: "announces a certificate without being asked", plugin: faulty{announced: true}, stage: host.StageConnect, problem: grpcplug.UnwantedCertificate},

	{name: "has no health service", plugin: faulty{noHealth: true}},
	{name: "has no controller", plugin: faulty{noController: true}},
	{name: "has no stdio service", plugin: faulty{noStdio: true}},
	{name: "has no broker", plugin: faulty{noBroker: true}},
	{name: "has no broker, and an id is dialled", plugin: faulty{noBroker: true}, dial: neverServed, problem: grpcplug.NoBroker},
	{name: "never serves an id that is dialled", dial: neverServed, problem: grpcplug.UnknownID},
	{name: "its broker answers for an unknown id", plugin: faulty{says: []connInfo{asked}}},
	{name: "its broker knocks for an unknown id", plugin: faulty{says: []connInfo{knows}}},
	{name: "its broker takes an unknown knock", plugin: faulty{says: []connInfo{acks}}},
	{name: "nothing is wrong, multiplexed", plugin: faulty{muxed: true}, asks: mux},
	{name: "never takes a knock for an id that is dialled, multiplexed", plugin: faulty{muxed: true}, asks: mux, dial: neverServed, problem: grpcplug.UnknownID},
	{name: "its broker answers for an unknown id, multiplexed", plugin: faulty{muxed: true, says: []connInfo{asked}}, asks: mux},
	{name: "its broker knocks for an unknown id, multiplexed", plugin: faulty{muxed: true, says: []connInfo{knows}}, asks: mux},
	{name: "its broker takes an unknown knock, multiplexed", plugin: faulty{muxed: true, says: []connInfo{acks}}, asks: mux},
	{name: "does not multiplex, though it is asked to", asks: mux, stage: host.StageConnect, problem: grpcplug.NoMultiplex},

	{name: "net/rpc: announces a socket that is not there", plugin: faulty{line: says("1|2|unix|/nonexistent/socket|netrpc|")}, asks: rpc, stage: host.StageHandshake, cause: "*net.OpError"},
	{name: "net/rpc: announces a port that a mail server holds", plugin: faulty{line: holds(netRPC, "220 mail.example.org ESMTP ready\r\n")}, asks: rpc, stage: host.StageHandshake},
	{name: "net/rpc: announces a port whose holder says nothing", plugin: faulty{line: holds(netRPC, "")}, asks: rpc, stage: host.StageHandshake, cause: "context.deadlineExceededError"},
	{name: "net/rpc: speaks gRPC", plugin: faulty{line: says("1|2|unix|@|netrpc|")}, asks: rpc, stage: host.StageHandshake},
	{name: "net/rpc: speaks no TLS, though AutoMTLS is asked for", plugin: faulty{line: says("1|2|unix|@|netrpc|")}, asks: running{netRPC: true, autoMTLS: true}, stage: host.StageHandshake,
		inLine: true, cause: scenario.Cause(&grpcplug.Error{Problem: grpcplug.NoCertificate})},

	{name: "line: 1 MB", plugin: faulty{line: says("1|2|unix|/" + strings.Repeat("x", 1<<20) + "|grpc|")}, stage: host.StageHandshake},
	{name: "line: 1 MB without an end", plugin: faulty{line: func(string) string { return "1|2|unix|/" + strings.Repeat("x", 1<<20) }}, stage: host.StageHandshake},
	{name: "line: none", plugin: faulty{line: func(string) string { return "" }}, stage: host.StageHandshake},
	{name: "line: 3 fields", plugin: faulty{line: says("1|2|unix")}, stage: host.StageHandshake},
	{name: "line: 4 fields, which is net/rpc", plugin: faulty{line: says("1|2|unix|@")}, stage: host.StageHandshake},
	{name: "line: 5 fields", plugin: faulty{line: says("1|2|unix|@|grpc")}},
	{name: "line: 8 fields", plugin: faulty{line: says("1|2|unix|@|grpc||false|more")}},
	{name: "line: an empty address", plugin: faulty{line: says("1|2|unix||grpc|")}, stage: host.StageHandshake},
	{name: "line: an unknown network", plugin: faulty{line: says("1|2|udp|127.0.0.1:1|grpc|")}, stage: host.StageHandshake},
	{name: "line: an unknown protocol", plugin: faulty{line: says("1|2|unix|@|soap|")}, stage: host.StageHandshake},
	{name: "line: an unknown core version", plugin: faulty{line: says("2|2|unix|@|grpc|")}, stage: host.StageHandshake},
	{name: "line: a version that the host does not have", plugin: faulty{line: says("1|9|unix|@|grpc|")}, stage: host.StageVersion},
	{name: "line: neither true nor false for the broker", plugin: faulty{line: says("1|2|unix|@|grpc||maybe")}, asks: mux, stage: host.StageHandshake},
	{name: "line: other output before it", plugin: faulty{before: "starting up\n"}},
}

// faultHosts are the rows of each fault.
var faultHosts = [...]kind{ours, shim, newest}

// TestFaults shows what becomes of faulty plugins under all hosts.
func TestFaults(t *testing.T) {
	t.Parallel()
	verdicts := make([][len(faultHosts)]string, len(faults))
	defer printFaults(os.Stdout, verdicts)
	t.Run("plugins", func(t *testing.T) { // which ends when all that are parallel have
		for i, f := range faults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				verdicts[i] = f.compare(t)
			})
		}
	})
}

func (f fault) compare(t *testing.T) [len(faultHosts)]string {
	var own, shims, theirs scenario.Outcome
	var all sync.WaitGroup
	all.Go(func() { own = scenario.Probe(t.Context(), f.asked().tenon(t, f.command(t)), f.dial) })
	all.Go(func() { shims = f.goplugin(t, shim) })
	all.Go(func() { theirs = f.goplugin(t, newest) })
	all.Wait()
	t.Logf("%.1500s", own.Why)
	if problem := f.judge(own); problem != "" {
		t.Errorf("%s: %s", problem, verdict(own))
	}
	if problem := f.judgeShim(shims, theirs); problem != "" {
		t.Errorf("the shim's host: %s: %s, %q\n%.1500s", problem, verdict(shims), shims.Causes, shims.Why)
	}
	for host, o := range map[kind]scenario.Outcome{ours: own, shim: shims} {
		if tolerated(theirs) && !tolerated(o) {
			t.Errorf("go-plugin tolerates it, and %v does not: %s", host, verdict(o))
		}
	}
	return [...]string{verdict(own), verdict(shims), verdict(theirs)}
}

func (f fault) asked() running {
	r := f.asks
	r.startTimeout = scenario.StartTimeout
	return r
}

func (f fault) command(t *testing.T) func() *exec.Cmd {
	cmd := tenontest.Command(t, f.name)
	privateTemp(t, cmd)
	return func() *exec.Cmd { return cmd }
}

// crash is the step of a host's process that has ended.
const crash = "the host's process ends with a panic"

func (f fault) goplugin(t *testing.T, host kind) (o scenario.Outcome) {
	flags := []string{fmt.Sprintf("-dial=%d", f.dial)}
	out, trouble, err := f.asks.goplugin(t.Context(), t, host, "probe", flags, f.command(t)())
	if err == nil {
		err = json.Unmarshal(out, &o)
	} else if _, panics, found := strings.Cut(trouble, "panic: "); found {
		return scenario.Outcome{Step: crash, Why: panics}
	}
	if err != nil {
		t.Errorf("the host of %v: %v: %s", host, err, trouble)
	}
	return o
}

// judge says what is not as it should be about what a Tenon host made of f.
func (f fault) judge(o scenario.Outcome) string {
	var start *host.StartError
	err := o.Err
	switch {
	case o.Hung:
		return "the host hangs"
	case f.stage == "" && f.problem == 0:
		if !tolerated(o) {
			return "it is not tolerated"
		}
	case f.stage != "" && (!errors.As(err, &start) || start.Stage != f.stage):
		return fmt.Sprintf("the start should fail at %v", f.stage)
	case f.problem != 0 && !errors.Is(err, &grpcplug.Error{Problem: f.problem}):
		return fmt.Sprintf("the problem should be %d", f.problem)
	case len(err.Error()) > 10000:
		return fmt.Sprintf("the error has %d bytes", len(err.Error()))
	}
	return ""
}

// judgeShim says what is not as it should be about what the shim's host made of f,
// where the original's made theirs of it.
func (f fault) judgeShim(o, theirs scenario.Outcome) string {
	if o.Hung {
		return "the host hangs"
	}
	if tolerated(o) {
		return ""
	}
	cause := "*status.Error" // that a plugin lacks what Tenon does without
	switch {
	case f.asks.netRPC:
		cause = f.cause
	case f.problem != 0:
		cause = scenario.Cause(&grpcplug.Error{Problem: f.problem})
	case f.stage != "":
		cause = scenario.Cause(&host.StartError{Stage: f.stage})
	}
	begins, late := original(theirs)
	switch {
	case cause != "" && !slices.Contains(o.Causes, cause):
		return "among its causes there should be " + cause
	case len(o.Why) > 12000: // the original's text, and Tenon's
		return fmt.Sprintf("the error has %d bytes", len(o.Why))
	case (late || f.inLine) && o.Step == scenario.Start:
	case f.asks.netRPC && hungUp(errors.New(begins)) && hungUp(errors.New(o.Why)):
	case begins != "" && (o.Step != theirs.Step || !strings.HasPrefix(vary(o.Why), begins)):
		return fmt.Sprintf("at %q it should begin with %q", theirs.Step, begins)
	}
	return ""
}

// original is the first line of what the original's host says; empty if it says
// nothing. It is late if that host has connected to the plugin in the first call
// only, where gRPC reports it: the shim does so before.
func original(o scenario.Outcome) (line string, late bool) {
	if o.Step == "" || o.Step == crash || o.Hung {
		return "", false
	}
	line, _, _ = strings.Cut(o.Why, "\n")
	if m := dialling.FindStringSubmatch(line); m != nil {
		line = m[1]
	}
	late = o.Step == "ping" && strings.HasPrefix(o.Why, "rpc error: code = Unavailable")
	return vary(strings.TrimSpace(line)), late
}

// dialling is how gRPC reports what a dialler has said.
var dialling = regexp.MustCompile(`^rpc error: code = Unavailable desc = connection error: desc = "transport: error while dialing: (.*)"$`)

// tolerated reports whether a plugin could be used. How it ended is another
// question.
func tolerated(o scenario.Outcome) bool { return o.Step == "" || o.Step == "stop" && !o.Hung }

func verdict(o scenario.Outcome) string {
	long := ""
	if took := o.Took.Round(time.Second); took >= 2*time.Second { // less is the load of the machine
		long = fmt.Sprintf(" (%s took %v)", o.Slow, took)
	}
	switch {
	case o.Hung:
		return fmt.Sprintf("%s: hangs, for %v at least", o.Step, scenario.Patience)
	case o.Step == "":
		return "tolerated" + long
	case o.Step == "stop":
		return "tolerated; stop: " + sentence(o.Why) + long
	}
	return o.Step + ": " + sentence(o.Why) + long
}

// What a sentence is better without: what all begin with, what differs each time,
// and the line of 1 MB.
var (
	lead   = regexp.MustCompile(`^plugin "[^"]*" did not start: `)
	varies = regexp.MustCompile(`[^ "|]*/interop-\d+| \(pid \d+\)| after [\d.]+m?s$`)
	port   = regexp.MustCompile(`127\.0\.0\.1:\d{3,}`)
	filler = regexp.MustCompile(`x{20,}`)
)

// sentence returns the first sentence of an error, or the most of it.
func sentence(s string) string {
	const most = 200
	end := len(s)
	for _, stop := range []string{"\n", "; ", ". "} {
		if i := strings.Index(s, stop); i >= 0 {
			end = min(end, i)
		}
	}
	s = vary(lead.ReplaceAllString(s[:end], ""))
	s = filler.ReplaceAllString(port.ReplaceAllString(s, "127.0.0.1:…"), "xxx…")
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.TrimSpace(strings.ToValidUTF8(s, "�"))
}

// vary leaves out what differs each time. The original lists versions in the order
// of a map.
func vary(s string) string {
	return versions.ReplaceAllStringFunc(varies.ReplaceAllString(s, ""), func(list string) string {
		all := strings.Fields(strings.Trim(list, "[]"))
		slices.Sort(all)
		return "[" + strings.Join(all, " ") + "]"
	})
}

var versions = regexp.MustCompile(`\[\d+( \d+)*\]`)

func printFaults(out io.Writer, verdicts [][len(faultHosts)]string) {
	var b bytes.Buffer // in one piece: another table may be printed at the same time
	fmt.Fprintln(&b, "\nWhat faulty plugins get:")
	for i, f := range faults {
		fmt.Fprintf(&b, "\n%s\n", f.name)
		for n, host := range faultHosts {
			fmt.Fprintf(&b, "  %-8s%s\n", host, wrapped(verdicts[i][n], 110, "\n          "))
		}
	}
	fmt.Fprintln(&b, "\n"+names)
	b.WriteTo(out)
}

// wrapped breaks a text into lines of so many bytes, at spaces.
func wrapped(s string, width int, end string) string {
	var b strings.Builder
	n := 0
	for i, word := range strings.Fields(s) {
		switch {
		case i == 0:
		case n+1+len(word) > width:
			b.WriteString(end)
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(word)
		n += len(word)
	}
	return b.String()
}
