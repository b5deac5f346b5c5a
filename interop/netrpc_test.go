package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/interop/scenario"
)

// What stands in the place of a broker in settings of net/rpc, and of a plugin
// that speaks both protocols.
const (
	netRPC = "netrpc"
	both   = "both"
)

// own is the trust of hosts and plugins that bring their certificates.
const own = "own TLS"

// rpcPairs are the rows: the shim with all, how far the original comes with itself,
// and one host that does not speak net/rpc.
func rpcPairs() (all [][2]kind) {
	all = append(all, [2]kind{shim, shim})
	for _, k := range theirs {
		all = append(all, [2]kind{shim, k})
	}
	for _, k := range theirs {
		all = append(all, [2]kind{k, shim})
	}
	for _, k := range theirs {
		all = append(all, [2]kind{newest, k})
	}
	return append(all, [2]kind{ours, newest})
}

func rpcColumns(pair [2]kind) (all []setting) {
	for _, network := range []string{"unix", "tcp"} {
		for _, trust := range []string{"plain", own, "AutoMTLS"} {
			all = append(all, setting{pair[0], pair[1], network, trust, netRPC})
		}
	}
	return append(all, setting{pair[0], pair[1], "unix", "plain", both})
}

// TestNetRPC is TestTable for net/rpc.
func TestNetRPC(t *testing.T) {
	t.Parallel()
	cells := &results{cells: map[setting]string{}, checks: map[string]bool{}}
	defer cells.printRPC(os.Stdout)
	t.Run("pairs", func(t *testing.T) { // which ends when all that are parallel have
		for _, pair := range rpcPairs() {
			for _, s := range rpcColumns(pair) {
				t.Run(s.name(), func(t *testing.T) {
					t.Parallel()
					cells.set(s, cells.runRPC(t, s))
				})
			}
		}
	})
}

// An excuse is why a check may fail, or has to, in a cell that is good otherwise.
type excuse struct {
	nature
	check string // of it; empty: of each that ends the plugin
	must  bool
	seen  atomic.Int32
	of    atomic.Int32 // cells
}

var (
	noAttach = &excuse{check: "reattach", must: true, nature: nature{"b",
		"no reattach: go-plugin's hosts have no certificate for that with AutoMTLS, and the plugin hangs up", hungUp}}
	unanswered = &excuse{nature: nature{"c",
		"between the original and itself: its plugin may exit before its answer to Quit is sent, and then its host kills it", func(err error) bool {
			return strings.Contains(err.Error(), scenario.Disorderly) || strings.Contains(err.Error(), scenario.Ungraceful)
		}}}
)

// hungUp has all that net/rpc and yamux say of a connection that the other side has
// closed; which one depends on what they were about.
func hungUp(err error) bool {
	text := strings.ToLower(err.Error())
	return slices.ContainsFunc([]string{"eof", "closed", "shut", "reset", "broken pipe"}, func(part string) bool { return strings.Contains(text, part) })
}

// excuses are those of a setting.
func (s setting) excuses() (all []*excuse) {
	if s.trust == "AutoMTLS" && slices.Contains(theirs, s.host) {
		all = append(all, noAttach)
	}
	if slices.Contains(theirs, s.host) && slices.Contains(theirs, s.plugin) {
		all = append(all, unanswered)
	}
	return all
}

func (e *excuse) concerns(check string) bool {
	return check == e.check || e.check == "" && (check == "stop" || check == "reattach")
}

func (r *results) runRPC(t *testing.T, s setting) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if s.host == ours {
		return s.unspoken(ctx, t)
	}
	how := running{autoMTLS: s.trust == "AutoMTLS", own: s.trust == own, netRPC: s.broker == netRPC}
	facts := scenario.Facts{NetRPC: true, Own: how.own, MaxSend: much}
	mode, want := "check", s.count(facts)
	if s.broker == both {
		mode, want = "choose", scenario.Choices
	}
	var failed []string
	done := 0
	how.check(ctx, t, s.host, mode, facts, s.command(t), func(c scenario.Report) {
		done++
		if mode == "check" {
			r.saw(c.Check)
		}
		if why := s.excused(c); why != "" {
			failed = append(failed, c.Check)
			t.Errorf("%s: %s", c.Check, why)
		}
	})
	switch {
	case len(failed) > 0:
		return "NO: " + strings.Join(failed, ",")
	case done != want:
		t.Errorf("%d checks were made, not %d", done, want)
		return "NO"
	}
	cell := "yes"
	if mode == "check" {
		for _, e := range s.excuses() {
			e.of.Add(1)
			cell += " " + e.mark
		}
	}
	if s.network == "tcp" {
		cell += " r"
	}
	return cell
}

// excused returns what is not as it should be about a report.
func (s setting) excused(c scenario.Report) string {
	for _, e := range s.excuses() {
		if !e.concerns(c.Check) {
			continue
		}
		switch {
		case c.Why != "" && e.shows(errors.New(c.Why)):
			e.seen.Add(1)
			return ""
		case e.must:
			return "it should not be possible: " + c.Why
		}
	}
	return c.Why
}

// unspoken has Tenon's own API run a plugin of net/rpc.
func (s setting) unspoken(ctx context.Context, t *testing.T) string {
	how := running{autoMTLS: s.trust == "AutoMTLS"}
	x, err := how.tenon(t, func() *exec.Cmd { return s.command(t) })(ctx)
	if s.broker == both {
		if err == nil {
			err = scenario.Hello(ctx, x)
		}
		if err != nil {
			t.Errorf("gRPC should be spoken: %v", err)
			return "NO"
		}
		return "gRPC"
	}
	var start *host.StartError
	if !errors.As(err, &start) || start.Stage != host.StageHandshake || !strings.Contains(err.Error(), `"netrpc"`) || !strings.Contains(err.Error(), "compat/goplugin") {
		t.Errorf("the error is %v", err)
		return "NO"
	}
	return "a"
}

func (r *results) printRPC(out io.Writer) {
	var b bytes.Buffer
	defer b.WriteTo(out)
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprint(w, "\nnet/rpc\t\tunix\t\t\ttcp\t\t\tone binary,\nhost\tplugin"+strings.Repeat("\tplain\town TLS\tAutoMTLS", 2)+"\tboth protocols\n")
	for _, pair := range rpcPairs() {
		r.row(w, pair, rpcColumns(pair))
	}
	w.Flush()
	fmt.Fprintln(&b, "\n"+names)
	fmt.Fprintln(&b, "yes: all of "+strings.Join(r.order, ", ")+".")
	fmt.Fprintln(&b, "     bytes is a megabyte both ways on connections of the broker's that either side accepts; stdio is byte for")
	fmt.Fprintln(&b, "     byte; secured needs own TLS; stop and reattach need that the plugin's main function comes to its end.")
	fmt.Fprintln(&b, "     One binary: net/rpc in version 1, gRPC in 2. The host's versions decide; AllowedProtocols refuses.")
	fmt.Fprintln(&b, "r    by way of a relay, which sees that TLS is spoken or is not.")
	fmt.Fprintln(&b, "a    Tenon's own API speaks no net/rpc: the start fails, and its hint names compat/goplugin. It runs the binary by gRPC.")
	fmt.Fprintf(&b, "%s    %s.\n", noAttach.mark, noAttach.why)
	fmt.Fprintf(&b, "%s    %s;\n     here it did %d times in %d cells.\n", unanswered.mark, unanswered.why, unanswered.seen.Load(), unanswered.of.Load())
}
