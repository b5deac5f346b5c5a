package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/interop/scenario"
)

// A setting is one cell of the table.
type setting struct {
	host, plugin           kind
	network, trust, broker string
}

func (s setting) name() string {
	return strings.Join([]string{s.host.String(), s.plugin.String(), s.network, s.trust, s.broker}, "/")
}

// pairs are the rows: Tenon with all, the shim with all, and how far the original comes with itself.
func pairs() (all [][2]kind) {
	all = append(all, [2]kind{ours, ours})
	for _, k := range theirs {
		all = append(all, [2]kind{ours, k})
	}
	for _, k := range theirs {
		all = append(all, [2]kind{k, ours})
	}
	all = append(all, [2]kind{ours, shim}, [2]kind{shim, ours}, [2]kind{shim, shim})
	for _, k := range theirs {
		all = append(all, [2]kind{shim, k})
	}
	for _, k := range theirs {
		all = append(all, [2]kind{k, shim})
	}
	for _, k := range theirs {
		all = append(all, [2]kind{newest, k})
	}
	return all
}

// columns are the settings of one row.
func columns(pair [2]kind) (all []setting) {
	for _, network := range []string{"unix", "tcp"} {
		for _, trust := range []string{"plain", "AutoMTLS"} {
			for _, broker := range []string{"off", "sockets", "multiplexed"} {
				all = append(all, setting{pair[0], pair[1], network, trust, broker})
			}
		}
	}
	return all
}

// TestTable tries all pairs in all settings, and prints what came of it.
func TestTable(t *testing.T) {
	t.Parallel() // with the faults, who mostly wait
	cells := &results{cells: map[setting]string{}, checks: map[string]bool{}}
	defer cells.print(os.Stdout)
	t.Run("pairs", func(t *testing.T) { // which ends when all that are parallel have
		for _, pair := range pairs() {
			for _, s := range columns(pair) {
				t.Run(s.name(), func(t *testing.T) {
					t.Parallel()
					cells.set(s, cells.run(t, s))
				})
			}
		}
	})
}

// run makes all checks of one cell, and returns what the table says of it.
func (r *results) run(t *testing.T, s setting) string {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	how := running{autoMTLS: s.trust == "AutoMTLS", multiplex: s.broker == "multiplexed", signalShows: s.network == "unix" || s.plugin == ours}
	facts := scenario.Facts{BrokerOff: s.broker == "off", Contract: s.plugin == ours, MaxSend: s.plugin.takes}
	var failed, lacks []string
	var startErr error
	done := 0
	report := func(c scenario.Report) {
		if c.Check == scenario.Start && s.nature() != nil {
			if startErr == nil && c.Why != "" {
				startErr = errors.New(c.Why)
			}
			return
		}
		r.saw(c.Check)
		if done++; s.cannot(c) {
			lacks = append(lacks, c.Check)
		} else if c.Why != "" {
			failed = append(failed, c.Check)
			t.Errorf("%s: %s", c.Check, c.Why)
		}
	}
	if s.host == ours {
		start := how.tenon(t, func() *exec.Cmd { return s.command(t) })
		scenario.Run(ctx, func(ctx context.Context) (x *scenario.Session, err error) {
			x, startErr = start(ctx)
			return x, startErr
		}, facts, report, bound)
	} else {
		how.check(ctx, t, s.host, "check", facts, s.command(t), report)
	}
	if n := s.nature(); n != nil {
		if !n.shows(startErr) || done > 0 {
			t.Errorf("%s, but the error is %v", n.why, startErr)
			return "NO"
		}
		return n.mark
	}
	if want := s.count(facts); len(failed) == 0 && done != want {
		t.Errorf("%d checks were made, not %d", done, want)
		return "NO"
	}
	if len(failed) > 0 {
		return "NO: " + strings.Join(failed, ",")
	}
	cell := "yes"
	if len(lacks) > 0 {
		cell += " " + noCallback.mark
	}
	if s.plugin != ours && s.network == "tcp" {
		cell += " r"
	}
	return cell
}

// count is how many checks have to be made, so that none is lost.
func (s setting) count(f scenario.Facts) int {
	var more []scenario.Check
	if s.host == ours {
		more = append(more, bound)
	}
	on, _, ends := f.Checks(more...)
	return len(on) + len(ends) + 2 // start, stop
}

// A nature is why something cannot be, and the error that says so.
type nature struct {
	mark, why string
	shows     func(error) bool
}

var natures = []*nature{
	{"a", "go-plugin's plugins before v1.6.0 cannot multiplex: Tenon's host ends the start with grpcplug.NoMultiplex",
		func(err error) bool { return errors.Is(err, &grpcplug.Error{Problem: grpcplug.NoMultiplex}) }},
	{"b", "the same under go-plugin's own host and the shim's, which say so too",
		func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "does not support the feature")
		}},
	{"c", "go-plugin's hosts before v1.6.0 have no such option",
		func(err error) bool { return err != nil && err.Error() == scenario.NoSuchOption }},
}

// noCallback is what one check says in a cell whose others go well.
var noCallback = &nature{"d", "no callback: with AutoMTLS, plugins of v1.4.0 look for a name and an authority that no host's certificate has",
	func(err error) bool { return err != nil && strings.Contains(err.Error(), "x509") }}

// cannot reports whether a check failed as it has to.
func (s setting) cannot(c scenario.Report) bool {
	return s.plugin == theirs[0] && s.trust == "AutoMTLS" && c.Check == "callback" && noCallback.shows(errors.New(c.Why))
}

func (s setting) nature() *nature {
	switch {
	case s.broker != "multiplexed":
	case !s.host.muxes:
		return natures[2]
	case s.plugin.muxes:
	case s.host == ours:
		return natures[0]
	default:
		return natures[1]
	}
	return nil
}

// results is the table while it is filled.
type results struct {
	mu     sync.Mutex
	cells  map[setting]string
	checks map[string]bool
	order  []string // of checks
}

func (r *results) set(s setting, cell string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cells[s] = cell
}

func (r *results) saw(check string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.checks[check] {
		r.checks[check] = true
		r.order = append(r.order, check)
	}
}

func (r *results) print(out io.Writer) {
	var b bytes.Buffer
	defer b.WriteTo(out)
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprint(w, "\n\t\tunix\t\t\t\t\t\ttcp\n\t\tplain\t\t\tAutoMTLS\t\t\tplain\t\t\tAutoMTLS\nhost\tplugin"+
		strings.Repeat("\toff\tsockets\tmuxed", 4)+"\n")
	for _, pair := range pairs() {
		r.row(w, pair, columns(pair))
	}
	w.Flush()
	fmt.Fprintln(&b, "\n"+names)
	fmt.Fprintln(&b, "yes: all of "+strings.Join(r.order, ", ")+".")
	fmt.Fprintln(&b, "     callback and offer need the broker; contract needs a Tenon plugin, bound a Tenon host too;")
	fmt.Fprintln(&b, "     large is 6 MiB both ways, but 1 MiB to a go-plugin plugin: those take no more than 4.")
	fmt.Fprintln(&b, "r    by way of a relay: on this system plugins made with go-plugin's API listen on unix sockets only.")
	for _, n := range append(natures, noCallback) {
		fmt.Fprintf(&b, "%s    %s.\n", n.mark, n.why)
	}
}

func (r *results) row(w io.Writer, pair [2]kind, columns []setting) {
	fmt.Fprintf(w, "%s\t%s", pair[0], pair[1])
	for _, s := range columns {
		cell := r.cells[s]
		if cell == "" {
			cell = "?"
		}
		fmt.Fprint(w, "\t"+cell)
	}
	fmt.Fprintln(w)
}
