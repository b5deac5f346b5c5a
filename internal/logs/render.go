package logs

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
)

// render gives a value that is none of slog's own kinds the form in which it
// crosses: a field of Attr and its text. Field 0 is null. The value's methods
// may panic; that must not end the plugin because of a log line.
func render(x any) (field int32, text string) {
	defer func() {
		if p := recover(); p != nil {
			field, text = attrString, panicText(x, p)
		}
	}()
	if b, ok := x.([]byte); ok {
		return attrBytes, string(b)
	}
	_, isJSON := x.(json.Marshaler)
	switch v := x.(type) {
	case nil:
		return 0, ""
	case error:
		if !isJSON {
			return attrError, v.Error()
		}
	case encoding.TextMarshaler:
		if !isJSON {
			return marshalText(v)
		}
	}
	return marshalJSON(x)
}

// panicText says what slog's own handlers say.
func panicText(x, p any) string {
	if isNil(x) {
		return "<nil>" // a method that doesn't expect a nil receiver
	}
	return fmt.Sprintf("!PANIC: %v", p)
}

func isNil(x any) bool {
	v := reflect.ValueOf(x)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func marshalText(v encoding.TextMarshaler) (int32, string) {
	if isNil(v) {
		return 0, "" // what encoding/json makes of it, without a call
	}
	b, err := v.MarshalText()
	if err != nil {
		return attrString, "!ERROR:" + err.Error()
	}
	return attrString, string(b)
}

func marshalJSON(x any) (int32, string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return attrString, "!ERROR:" + err.Error()
	}
	return attrJSON, strings.TrimSuffix(b.String(), "\n")
}

// jsonValue is the value of a JSON text: of slog's own kind if it is a scalar.
func jsonValue(text []byte) slog.Value {
	text = bytes.TrimSpace(text)
	if !json.Valid(text) {
		return slog.StringValue(strings.ToValidUTF8(string(text), "\uFFFD"))
	}
	return validJSON(text)
}

// validJSON is jsonValue for what is known to be JSON, without space around it.
func validJSON(text []byte) slog.Value {
	switch text[0] {
	case '{', '[':
		return slog.AnyValue(json.RawMessage(bytes.Clone(text)))
	case '"':
		var s string
		if json.Unmarshal(text, &s) != nil {
			return slog.StringValue(string(text))
		}
		return slog.StringValue(s)
	case 't', 'f':
		return slog.BoolValue(text[0] == 't')
	case 'n':
		return slog.AnyValue(nil)
	}
	return numberValue(string(text))
}

func numberValue(s string) slog.Value {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return slog.Int64Value(i)
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return slog.Uint64Value(u)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return slog.Float64Value(f)
	}
	return slog.StringValue(s) // too large for any of them
}
