package fault

import (
	"errors"
	"fmt"
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
}

func (n *node) Error() string { return n.text }

func (n *node) Is(target error) bool {
	return contains(n.also, target) || n.value != nil && errors.Is(n.value, target)
}

func (n *node) As(target any) bool { return n.value != nil && errors.As(n.value, target) }

// identity lets an error that is sent on keep what it is.
func (n *node) identity() error { return n.value }

// A single is a node that wraps one error.
type single struct {
	node
	err error
}

func (s *single) Unwrap() error { return s.err }

// A several is a node that wraps a list of errors.
type several struct {
	node
	errs []error
}

func (s *several) Unwrap() []error { return s.errs }

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

// is is errors.Is for a value whose methods may panic.
func is(err, target error) (yes bool) {
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return errors.Is(err, target)
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
