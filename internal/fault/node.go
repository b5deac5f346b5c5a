package fault

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// A node is an error that was rebuilt without being a value of its own type
// alone: an unknown wrapper, or a known value that printed differently or
// wrapped more on the other side than it does here.
type node struct {
	text  string
	value error   // the sentinel or typed value that it is; may be nil
	also  []error // further sentinels that its Is method answered for
	kids  []error // what it wraps; the value may wrap some of them as well
}

func (n *node) Error() string { return n.text }

// Is and As answer for the value, and leave the kids to those who unwrap n: one
// that is looked at by either way, on each level, is looked at 2⁶⁴ times at the
// bottom of a tree that the other side made for that.

func (n *node) Is(target error) bool {
	return contains(n.also, target) || within(n.value, target, n.kids)
}

func (n *node) As(target any) bool {
	return visit(n.value, n.kids, func(err error) bool { return assign(err, target) })
}

// identity lets an error that is sent on keep what it is.
func (n *node) identity() error { return n.value }

// A single is a node that wraps one error.
type single struct{ node }

func (s *single) Unwrap() error { return s.kids[0] }

// A several is a node that wraps a list of errors.
type several struct{ node }

func (s *several) Unwrap() []error { return s.kids }

// visit calls f with err and what it wraps, as errors.Is goes about it, until f
// returns true. It goes no further than kids, which it leaves out.
func visit(err error, kids []error, f func(error) bool) bool {
	if err == nil || contains(kids, err) {
		return false
	}
	if f(err) {
		return true
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return visit(u.Unwrap(), kids, f)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(u.Unwrap(), func(e error) bool { return visit(e, kids, f) })
	}
	return false
}

// within is errors.Is without what kids are.
func within(err, target error, kids []error) bool {
	return visit(err, kids, func(err error) bool {
		i, ok := err.(interface{ Is(error) bool })
		return same(err, target) || ok && i.Is(target)
	})
}

// assign is errors.As without what err wraps.
func assign(err error, target any) bool {
	to := reflect.ValueOf(target).Elem()
	if from := reflect.ValueOf(err); from.Type().AssignableTo(to.Type()) {
		to.Set(from)
		return true
	}
	a, ok := err.(interface{ As(any) bool })
	return ok && a.As(target)
}

// The methods of errors that somebody else wrote are called through the
// functions below, because one that panics must cost no more than its answer.

// textOf returns what err prints as. fmt has words for a nil pointer and for an
// Error method that panics, and is asked for them only then: it would prefer a
// Format method to Error.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprint(err)
		}
	}()
	return err.Error()
}

func unwrap(err error) (list []error, one error) {
	defer func() {
		if recover() != nil {
			list, one = nil, nil
		}
	}()
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return nil, u.Unwrap()
	case interface{ Unwrap() []error }:
		return u.Unwrap(), nil
	}
	return nil, nil
}

// same is err == target for values of which the comparison may panic.
func same(err, target error) (equal bool) {
	defer func() {
		if recover() != nil {
			equal = false
		}
	}()
	return err == target
}

func contains(list []error, target error) bool {
	return slices.ContainsFunc(list, func(err error) bool { return same(err, target) })
}

// says asks err's own Is method.
func says(err interface{ Is(error) bool }, target error) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return err.Is(target)
}

// follows is within for a value whose methods may panic.
func follows(err, target error, kids []error) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return within(err, target, kids)
}

const ellipsis = "…"

// clip makes s valid UTF-8 of at most limit bytes.
func clip(s string, limit int) string {
	long := len(s) > limit
	if long {
		s = s[:limit] // bounds the work below
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	if !long && len(s) <= limit {
		return s
	}
	end := min(limit-len(ellipsis), len(s))
	if end < 0 {
		return ""
	}
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
