package cases_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/tenontest"
)

// TestInMemory runs all cases within this process.
func TestInMemory(t *testing.T) {
	runAll(t, tenontest.Serve(t, app, services()...))
}

// TestProcess runs all cases against a child process, one for all of them.
func TestProcess(t *testing.T) {
	runAll(t, tenontest.Start(t, host.Config{App: app, Cmd: tenontest.Command(t, "cases")}))
}

func runAll(t *testing.T, conn tenon.Conn) {
	for _, tc := range all() {
		t.Run(tc.dir, func(t *testing.T) {
			for _, c := range tc.contracts {
				t.Run(c.iface.Name(), func(t *testing.T) { c.test(t, conn) })
			}
		})
	}
}

func (c contract) test(t *testing.T, conn tenon.Conn) {
	before := conn.Stats()
	v, err := c.open(within(t), conn)
	if err != nil {
		t.Fatal(err)
	}
	testEchoes(t, echoes(c.iface, v), func(ctx context.Context, e *echo, args []reflect.Value) error {
		return e.call(ctx, args)
	})
	if c.run != nil {
		c.run(t, v)
	}
	nothingLeft(t, conn, before)
}

// nothingLeft fails the test if there are more calls or refs than before, once
// what is still on its way had its moment.
func nothingLeft(t *testing.T, conn tenon.Conn, before tenon.Stats) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for {
		s := conn.Stats()
		if s.ActiveOut <= before.ActiveOut && s.Held <= before.Held && s.Exported <= before.Exported {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left: %d calls, %d refs that are held, %d that the other side holds", s.ActiveOut-before.ActiveOut, s.Held-before.Held, s.Exported-before.Exported)
			return
		}
		time.Sleep(time.Millisecond)
	}
}
