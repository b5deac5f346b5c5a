package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A typ is a type of Terraform's language, as providers write it: "string" or
// ["list", "string"], in JSON. The library that has the notation is cty; all that
// is needed of it here is to read types, not values.
type typ struct {
	raw  json.RawMessage
	text string // as in Terraform's language: list(string)
}

// MarshalJSON returns the type as the provider wrote it.
func (t *typ) MarshalJSON() ([]byte, error) { return t.raw, nil }

var errType = errors.New(`a type is "string", "number", "bool", "dynamic" or a list such as ["list", "string"]`)

// readType reads a type. There is none if raw is empty.
func readType(raw []byte) (*typ, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("the type %.100q is no JSON: %w", raw, err)
	}
	var text strings.Builder
	if err := writeType(&text, v); err != nil {
		return nil, fmt.Errorf("the type %.100q cannot be read: %w", raw, err)
	}
	return &typ{raw: raw, text: text.String()}, nil
}

func writeType(b *strings.Builder, v any) error {
	switch v := v.(type) {
	case string:
		return writeSimple(b, v)
	case []any:
		if len(v) >= 2 {
			return writeComposed(b, v[0], v[1], v[2:])
		}
	}
	return errType
}

func writeSimple(b *strings.Builder, name string) error {
	switch name {
	case "string", "number", "bool":
		b.WriteString(name)
	case "dynamic":
		b.WriteString("any")
	default:
		return errType
	}
	return nil
}

func writeComposed(b *strings.Builder, kind, of any, more []any) error {
	switch kind {
	case "list", "set", "map":
		return enclose(b, kind.(string)+"(", ")", func() error { return writeType(b, of) })
	case "tuple":
		return enclose(b, "tuple([", "])", func() error { return writeElements(b, of) })
	case "object":
		return enclose(b, "object({", "})", func() error { return writeAttributes(b, of, more) })
	}
	return errType
}

func enclose(b *strings.Builder, before, after string, write func() error) error {
	b.WriteString(before)
	err := write()
	b.WriteString(after)
	return err
}

func writeElements(b *strings.Builder, of any) error {
	elements, ok := of.([]any)
	if !ok {
		return errType
	}
	for i, e := range elements {
		separate(b, i)
		if err := writeType(b, e); err != nil {
			return err
		}
	}
	return nil
}

// writeAttributes writes those of an object; more has the names of those that may
// be left out, if there are any.
func writeAttributes(b *strings.Builder, of any, more []any) error {
	attributes, ok := of.(map[string]any)
	if !ok {
		return errType
	}
	var optional []any
	if len(more) > 0 {
		optional, _ = more[0].([]any)
	}
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		separate(b, i)
		b.WriteString(name + "=")
		before, after := "", ""
		if slices.Contains(optional, any(name)) {
			before, after = "optional(", ")"
		}
		if err := enclose(b, before, after, func() error { return writeType(b, attributes[name]) }); err != nil {
			return err
		}
	}
	return nil
}

func separate(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// String returns the type as in Terraform's language, or that there is none.
func (t *typ) String() string {
	if t == nil {
		return "no type"
	}
	return t.text
}
