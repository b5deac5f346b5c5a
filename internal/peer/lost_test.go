package peer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
)

func TestLost(t *testing.T) {
	told := make(chan loss, 3*mostLosses)
	hold := make(chan struct{})
	host, _ := connect(t, carriers["pipe"], func(a, _ *Config) {
		a.Lost = func(contract, method string, err error) {
			<-hold
			told <- loss{contract, method, err}
			panic("a log that panics")
		}
	})
	ref := bind(t, host)
	ref.Lost(echo, &tenon.Error{Code: tenon.Canceled})
	ref.Lost(echo, context.Canceled)
	for range 2 * mostLosses { // nobody takes them, and this goes on
		ref.Lost(chat, errOdd)
	}
	if n := host.Stats().Lost; n != 2+2*mostLosses {
		t.Errorf("%d are counted", n)
	}
	close(hold)
	for i := range mostLosses {
		select {
		case l := <-told:
			if l.err != errOdd || l.contract != contract.Name || l.method != contract.Methods[chat].Name {
				t.Fatalf("%d: %+v", i, l)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%d were told of", i)
		}
	}
	// After the end too: that is when most calls fail. What was told of last may
	// take up its place for a moment longer.
	host.Close()
	last := errors.New("last")
	for end := time.Now().Add(10 * time.Second); ; {
		ref.Lost(chat, last)
		select {
		case l := <-told:
			if l.err == last {
				return
			}
			t.Fatal("more than are kept were told of")
		case <-time.After(time.Millisecond):
			if time.Now().After(end) {
				t.Fatal("nothing is told of after the end")
			}
		}
	}
}
