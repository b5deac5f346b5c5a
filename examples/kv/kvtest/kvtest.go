// Package kvtest tests that a kv.Store does what the contract says, as
// testing/fstest does for file systems. Every plugin runs it.
package kvtest

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
)

// now is what the clock shows that the stores are given.
var now = time.Date(2031, 5, 17, 12, 0, 0, 42, time.UTC)

// Services are what the host of a tested store has to offer.
func Services() []tenon.Service { return []tenon.Service{kv.ServeClock(clock{})} }

type clock struct{}

func (clock) Now(context.Context) (time.Time, error) { return now, nil }

// Run runs the tests, each on an empty store that open returns, but for those of
// the names in without: they are about what the store is known to lack.
func Run(t *testing.T, open func(t *testing.T) kv.Store, without ...string) {
	for _, test := range []struct {
		name string
		run  func(*fixture)
	}{
		{"PutGet", testPutGet},
		{"Missing", testMissing},
		{"Delete", testDelete},
		{"TooLarge", testTooLarge},
		{"List", testList},
		{"ListStops", testListStops},
		{"ImportExport", testImportExport},
		{"ImportFails", testImportFails},
		{"ImportCanceled", testImportCanceled},
		{"ExportFails", testExportFails},
		{"Watch", testWatch},
		{"WatchFails", testWatchFails},
		{"Subscribe", testSubscribe},
		{"ListenerFails", testListenerFails},
		{"Snapshot", testSnapshot},
		{"Restore", testRestore},
		{"RestoreForeign", testRestoreForeign},
		{"RestoreNil", testRestoreNil},
		{"Compact", testCompact},
		{"Concurrent", testConcurrent},
	} {
		if slices.Contains(without, test.name) {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			test.run(&fixture{T: t, ctx: ctx, store: open(t)})
		})
	}
}

// A fixture is a test with its store.
type fixture struct {
	*testing.T
	ctx   context.Context
	store kv.Store
}

// ok ends the test if err is not nil.
func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) put(key, value string) {
	f.Helper()
	f.ok(f.store.Put(f.ctx, key, []byte(value)))
}

// keys checks that a list has just these keys.
func (f *fixture) keys(list iter.Seq2[kv.Entry, error], want ...string) {
	f.Helper()
	var got []string
	for e, err := range list {
		f.ok(err)
		got = append(got, e.Key)
	}
	if !slices.Equal(got, want) {
		f.Fatalf("the keys are %q, not %q", got, want)
	}
}
