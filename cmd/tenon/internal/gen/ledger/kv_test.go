package ledger

import (
	"os"
	"testing"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// What is made of kv's model with kv's .proto as the ledger is that .proto again,
// in numbers and names.
func TestKV(t *testing.T) {
	old, err := os.ReadFile("testdata/kv.proto")
	if err != nil {
		t.Fatal(err)
	}
	p := modelOf(t, string(old))
	report, err := Assign(p, old, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Changes {
		t.Error("a change where there is none: ", c)
	}
	text, err := protobuf.Emit(p)
	if err != nil {
		t.Fatal(err)
	}
	again := modelOf(t, string(text))
	if _, err := Assign(again, text, Options{}); err != nil {
		t.Fatal(err)
	}
}
