package cases_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenon-go/tenon"
)

// ok ends the test if err is not nil.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v, and ends the test if err is not nil.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

// equal fails the test if got is not what was wanted.
func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// is fails the test if err is not target.
func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, not %v", err, target)
	}
}

// hasCode fails the test if err has another code.
func hasCode(t *testing.T, err error, code tenon.Code) {
	t.Helper()
	if err == nil || tenon.CodeOf(err) != code {
		t.Errorf("got %v, whose code is %v, not %v", err, tenon.CodeOf(err), code)
	}
}

// readAll reads and closes.
func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	ok(t, err)
	if c, isCloser := r.(io.Closer); isCloser {
		ok(t, c.Close())
	}
	return string(b)
}

func text(s string) io.Reader { return strings.NewReader(s) }

// pairs collects what is yielded before the error.
func pairs[T any](seq func(func(T, error) bool)) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

func count(n int) []int {
	var all []int
	for i := range n {
		all = append(all, i)
	}
	return all
}

func values[T any](v ...T) func(func(T) bool) { return slices.Values(v) }

// canceled returns a context that has ended.
func canceled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// forget has the garbage collector find refs that nobody holds: functions have
// no other way of being released.
func forget() {
	for range 3 {
		runtime.GC()
	}
}

// within is the test's context, with a bound: a call that hangs fails its own
// test and not all of them.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}
