package cases_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/errs"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/errs/other"
)

// errorCases are errors, and what has to be true of them on the other side.
var errorCases = []struct {
	name string
	err  error
	is   []error
	as   func(err error) bool
}{
	{name: "sentinel", err: errs.ErrNew, is: []error{errs.ErrNew}},
	{name: "sentinel of fmt", err: errs.ErrFormat, is: []error{errs.ErrFormat}},
	{name: "wrapping sentinel", err: errs.ErrWrapping, is: []error{errs.ErrWrapping, errs.ErrNew}},
	{name: "typed sentinel", err: errs.ErrTyped, is: []error{errs.ErrTyped}},
	{name: "of another package", err: other.ErrOther, is: []error{other.ErrOther}},
	{name: "wrapped", err: fmt.Errorf("while: %w", errs.ErrNew), is: []error{errs.ErrNew}},
	{name: "joined", err: errors.Join(errs.ErrNew, fs.ErrExist, other.ErrOther), is: []error{errs.ErrNew, fs.ErrExist, other.ErrOther}},
	{name: "context", err: fmt.Errorf("ended: %w", context.Canceled), is: []error{context.Canceled}},
	{name: "hidden", err: errs.Hidden()},
	{name: "pointer", err: &errs.Pointer{Op: "op", Count: -1, When: time.Unix(1, 2).UTC(), Tags: []string{"a", ""}}, as: func(err error) bool {
		e, ok := find[*errs.Pointer](err)
		return ok && e.Op == "op" && e.Count == -1 && e.When.Equal(time.Unix(1, 2)) && len(e.Tags) == 2
	}},
	{name: "value", err: errs.Value{Code: 7, Text: "seven"}, is: []error{errs.Value{Code: 7}}, as: func(err error) bool {
		e, ok := find[errs.Value](err)
		return ok && e == errs.Value{Code: 7, Text: "seven"}
	}},
	{name: "zero value", err: errs.Value{}, as: func(err error) bool {
		e, ok := find[errs.Value](err)
		return ok && e == errs.Value{}
	}},
	{name: "pointer to a value", err: &errs.Value{Code: 7, Text: "seven"}, as: func(err error) bool {
		e, ok := find[*errs.Value](err)
		_, both := find[errs.Value](err)
		return ok && !both && *e == errs.Value{Code: 7, Text: "seven"}
	}},
	{name: "value, not a pointer", err: errs.Value{Code: 8}, as: func(err error) bool {
		_, other := find[*errs.Value](err)
		return !other
	}},
	{name: "pointer to a zero value", err: fmt.Errorf("in: %w", &errs.Value{}), as: func(err error) bool {
		e, ok := find[*errs.Value](err)
		return ok && *e == errs.Value{}
	}},
	{name: "pointer to an integer", err: pointer(errs.Errno(5)), as: func(err error) bool {
		e, ok := find[*errs.Errno](err)
		return ok && *e == 5
	}},
	{name: "pointer to a value with a cause", err: &errs.Caused{Step: 2, Err: errs.Caused{Step: 1, Err: errs.ErrNew}}, is: []error{errs.ErrNew}, as: func(err error) bool {
		e, ok := find[*errs.Caused](err)
		inner, also := find[errs.Caused](err)
		return ok && also && e.Step == 2 && inner.Step == 1
	}},
	{name: "cause", err: &errs.Wrapping{Path: "p", Cause: &errs.Wrapping{Path: "q", Cause: errs.ErrNew}}, is: []error{errs.ErrNew}, as: func(err error) bool {
		e, ok := find[*errs.Wrapping](err)
		if !ok {
			return false
		}
		inner, also := find[*errs.Wrapping](e.Cause)
		return also && e.Path == "p" && inner.Path == "q"
	}},
	{name: "integer", err: errs.Errno(5), is: []error{errs.Errno(5)}},
	{name: "string", err: errs.Text("text"), is: []error{errs.Text("text")}},
	{name: "list", err: errs.List{"a", "b"}, as: func(err error) bool {
		e, ok := find[errs.List](err)
		return ok && len(e) == 2 && e[1] == "b"
	}},
	{name: "other's type", err: fmt.Errorf("here: %w", &other.Failure{What: "that"}), as: func(err error) bool {
		e, ok := find[*other.Failure](err)
		return ok && e.What == "that"
	}},
	{name: "nested", err: &errs.Nested{Why: "why", Other: fmt.Errorf("other: %w", errs.ErrNew)}, as: func(err error) bool {
		e, ok := find[*errs.Nested](err)
		return ok && e.Why == "why" && errors.Is(e.Other, errs.ErrNew) && !errors.Is(err, errs.ErrNew)
	}},
	{name: "path", err: &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}, is: []error{fs.ErrPermission}, as: func(err error) bool {
		e, ok := find[*fs.PathError](err)
		return ok && e.Path == "/x"
	}},
	{name: "number", err: func() error { _, err := strconv.Atoi("x"); return err }(), is: []error{strconv.ErrSyntax}},
	{name: "code", err: &tenon.Error{Code: tenon.Aborted, Message: "aborted it"}, as: func(err error) bool {
		return tenon.CodeOf(err) == tenon.Aborted
	}},
}

func pointer[T any](v T) *T { return &v }

func testErrs(t *testing.T, e errs.Errors) {
	ctx := within(t)
	for _, tc := range errorCases {
		t.Run(tc.name, func(t *testing.T) {
			check := func(how string, err error) {
				t.Helper()
				checkError(t, how, err, tc.err, tc.is, tc.as)
			}
			check("returned", e.Return(ctx, tc.err))
			got, err := e.Echo(ctx, tc.err)
			ok(t, err)
			check("as a value", got)
			list, err := e.List(ctx, []error{tc.err}, tc.err)
			ok(t, err)
			if len(list) != 2 {
				t.Fatalf("got %v", list)
			}
			check("in a list", list[0])
			check("as one of many", list[1])
			r, err := e.Fields(ctx, errs.Report{Name: "r", Err: tc.err, Errs: list, ByName: map[string]error{"it": tc.err}})
			ok(t, err)
			check("as a field", r.Err)
			check("in a field", r.Errs[1])
			check("in a map", r.ByName["it"])
		})
	}
	t.Run("nil", func(t *testing.T) { testNilErrors(t, e) })
}

func checkError(t *testing.T, how string, err, want error, targets []error, as func(error) bool) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: nil", how)
		return
	}
	if err.Error() != want.Error() {
		t.Errorf("%s: it says %q, not %q", how, err, want)
	}
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("%s: %#v is not %q any more", how, err, target)
		}
	}
	if as != nil && !as(err) {
		t.Errorf("%s: %#v is not of its type any more, or has other contents", how, err)
	}
	if errors.Is(err, fs.ErrClosed) {
		t.Errorf("%s: it is fs.ErrClosed", how)
	}
}

func testNilErrors(t *testing.T, e errs.Errors) {
	ctx := within(t)
	ok(t, e.Return(ctx, nil))
	got, err := e.Echo(ctx, nil)
	ok(t, err)
	equal(t, got == nil, true)
	r, err := e.Fields(ctx, errs.Report{})
	ok(t, err)
	equal(t, r.Err == nil && r.Errs == nil && r.ByName == nil, true)
	_, err = e.List(ctx, []error{errs.ErrNew, nil})
	hasCode(t, err, tenon.InvalidArgument)

	n, s, err := e.Beside(ctx, 3)
	is(t, err, errs.Errno(3))
	equal(t, n, 0)
	equal(t, s, "")
	n, s, err = e.Beside(ctx, 0)
	ok(t, err)
	equal(t, n, 42)
	equal(t, s, "alone")
}

// find returns the first error of type T in err's chain.
func find[T error](err error) (found T, ok bool) {
	ok = errors.As(err, &found)
	return found, ok
}
