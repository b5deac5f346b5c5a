package scenario

import (
	"fmt"
	"reflect"
)

// Causes are the types of an error and of all that it wraps, each with its stage
// or its problem if it has one: a program that knows none of the types can print
// them, and another can compare.
func Causes(err error) (all []string) {
	if err == nil {
		return nil
	}
	all = []string{Cause(err)}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, Causes(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			all = append(all, Causes(inner)...)
		}
	}
	return all
}

// Cause is the type of one error.
func Cause(err error) string {
	text := fmt.Sprintf("%T", err)
	v := reflect.Indirect(reflect.ValueOf(err))
	if v.Kind() != reflect.Struct {
		return text
	}
	for _, name := range []string{"Stage", "Problem"} {
		if f := v.FieldByName(name); f.IsValid() {
			text += fmt.Sprintf(" %v", f)
		}
	}
	return text
}
