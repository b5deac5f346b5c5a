package tenon

import (
	"context"
	"io"
	"strings"
	"testing"
)

// A fakeConn has refs, and no calls.
type fakeConn struct{ Conn }

func (fakeConn) Release(uint64) {}

// A ref that was used too late says what has ended it, and what helps.
func TestOpenReleased(t *testing.T) {
	contract := &Contract{Name: "kv.Listener", Methods: []Method{{Name: "Tell"}}}
	for _, test := range []struct {
		contract *Contract
		id       uint64
		kept     bool
		want     string
	}{
		{contract, 0, false, "kv.Listener was used after it was released"},
		{contract, 7, true, "kv.Listener was used after it was closed or released"},
		{contract, 7, false, "kv.Listener that was an argument was used after its call had ended; to use it longer, the contract has to say so, by //tenon:keep on the method"},
		{ioContract, 7, true, "a reader or writer was used after it was closed or released"},
		{ioContract, 7, false, "a reader or writer that was an argument was used after its call had ended; to use it longer, the contract has to say so, by //tenon:keep on the method"},
	} {
		r := NewRef(fakeConn{}, test.contract, test.id, test.kept)
		r.Release()
		_, err := r.Open(context.Background(), 0)
		if CodeOf(err) != FailedPrecondition || err.Error() != test.want {
			t.Errorf("got %v\nwant %s", err, test.want)
		}
	}
}

// A callTable is what a message of a call knows.
type callTable struct {
	RefTable
	contract *Contract
	exported Service
}

func (t *callTable) CallContract() *Contract { return t.contract }

func (t *callTable) Export(s Service, _ bool) (uint64, error) {
	t.exported = s
	return 1, nil
}

// A reader's errors are those of the contract by whose call it is passed, which is
// found out once.
func TestReadersHaveTheCallsErrors(t *testing.T) {
	defs := []ErrorDef{{Name: "x.EOF", Value: io.ErrUnexpectedEOF}}
	table := &callTable{contract: &Contract{Name: "kv.Store", Errors: defs}}
	var m Message
	m.Reset(nil, table)
	m.WriteReader(1, strings.NewReader(""), false)
	got := table.exported.Contract
	if got == ioContract || got.Name != ioContract.Name || len(got.Methods) != len(ioContract.Methods) || &got.Errors[0] != &defs[0] {
		t.Fatalf("%+v", got)
	}
	if n := testing.AllocsPerRun(10, func() {
		if m.ioContract() != got {
			t.Error("it is made anew")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	table.contract = &Contract{Name: "kv.Other"}
	if m.ioContract() != ioContract {
		t.Error("without errors there is need of no other")
	}
}
