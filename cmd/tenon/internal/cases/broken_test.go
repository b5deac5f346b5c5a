package cases_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/broken"
)

// failures are errors of the contract, and what is to be found in them.
var failures = []struct {
	err  error
	want broken.Seen
}{
	{broken.ErrBroken, broken.Seen{Broken: true, Text: "broken"}},
	{&broken.Fault{Part: "the disk"}, broken.Seen{Fault: "the disk", Text: "fault in the disk"}},
	{fmt.Errorf("page 7: %w", broken.ErrBroken), broken.Seen{Broken: true, Text: "page 7: broken"}},
	{errors.Join(broken.ErrBroken, &broken.Fault{Part: "it"}), broken.Seen{Broken: true, Fault: "it", Text: "broken\nfault in it"}},
	{errors.New("unknown"), broken.Seen{Text: "unknown"}},
}

var (
	reads  = []string{"read", "copy from"}
	writes = []string{"write", "copy to"}
	closes = []string{"close"}
)

func testBroken(t *testing.T, p broken.Probe) {
	for _, f := range failures {
		t.Run(strings.Fields(f.err.Error())[0], func(t *testing.T) {
			testOurs(t, p, f.err, f.want)
			testTheirs(t, p, f.err, f.want)
			testBrokenFields(t, p, f.err, f.want)
		})
	}
}

// testOurs has the other side use what fails here: it sees the error, and returns
// it.
func testOurs(t *testing.T, p broken.Probe, failure error, want broken.Seen) {
	ctx, v := within(t), broken.Everything{Err: failure}
	for kind, kindOf := range map[string]struct {
		use  func(how string) error
		hows [][]string
	}{
		"Reader":          {func(how string) error { return p.Reader(ctx, v, how) }, [][]string{reads}},
		"Writer":          {func(how string) error { return p.Writer(ctx, v, how) }, [][]string{writes}},
		"Closer":          {func(how string) error { return p.Closer(ctx, v, how) }, [][]string{closes}},
		"ReadCloser":      {func(how string) error { return p.ReadCloser(ctx, v, how) }, [][]string{reads, closes}},
		"WriteCloser":     {func(how string) error { return p.WriteCloser(ctx, v, how) }, [][]string{writes, closes}},
		"ReadWriter":      {func(how string) error { return p.ReadWriter(ctx, v, how) }, [][]string{reads, writes}},
		"ReadWriteCloser": {func(how string) error { return p.ReadWriteCloser(ctx, v, how) }, [][]string{reads, writes, closes}},
	} {
		for _, hows := range kindOf.hows {
			for _, how := range hows {
				t.Run("our "+kind+" "+how, func(t *testing.T) {
					equal(t, broken.Look(kindOf.use(how)), want)
					equal(t, must(p.Seen(ctx))(t), want)
				})
			}
		}
	}
}

// testTheirs uses what fails there.
func testTheirs(t *testing.T, p broken.Probe, failure error, want broken.Seen) {
	ctx := within(t)
	for kind, kindOf := range map[string]struct {
		open func() (any, error)
		hows [][]string
	}{
		"Reader":          {func() (any, error) { return p.NewReader(ctx, failure) }, [][]string{reads}},
		"Writer":          {func() (any, error) { return p.NewWriter(ctx, failure) }, [][]string{writes}},
		"Closer":          {func() (any, error) { return p.NewCloser(ctx, failure) }, [][]string{closes}},
		"ReadCloser":      {func() (any, error) { return p.NewReadCloser(ctx, failure) }, [][]string{reads, closes}},
		"WriteCloser":     {func() (any, error) { return p.NewWriteCloser(ctx, failure) }, [][]string{writes, closes}},
		"ReadWriter":      {func() (any, error) { return p.NewReadWriter(ctx, failure) }, [][]string{reads, writes}},
		"ReadWriteCloser": {func() (any, error) { return p.NewReadWriteCloser(ctx, failure) }, [][]string{reads, writes, closes}},
	} {
		t.Run("their "+kind, func(t *testing.T) {
			v := must(kindOf.open())(t)
			defer tenon.Release(v)
			for _, hows := range kindOf.hows {
				for _, how := range hows {
					equal(t, broken.Look(broken.Use(v, how)), want)
				}
			}
		})
	}
}

func testBrokenFields(t *testing.T, p broken.Probe, failure error, want broken.Seen) {
	ctx, v := within(t), broken.Everything{Err: failure}
	equal(t, broken.Look(p.Each(ctx, broken.Streams{In: v, Out: []io.Writer{io.Discard}})), want)
	equal(t, must(p.Seen(ctx))(t), want)
	equal(t, broken.Look(p.Each(ctx, broken.Streams{In: strings.NewReader("x"), Out: []io.Writer{v}})), want)
	equal(t, must(p.Seen(ctx))(t), want)
}
