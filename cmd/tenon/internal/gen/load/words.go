package load

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// words splits a Go name into its words, in lower case: UserIDs is user, ids.
func words(name string) []string {
	var list []string
	runes := []rune(name)
	start := 0
	flush := func(end int) {
		if word := strings.ToLower(string(runes[start:end])); word != "" {
			list = append(list, word)
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case r == '_':
			flush(i)
			start = i + 1
		case i > start && beginsWord(runes, i):
			flush(i)
		}
	}
	flush(len(runes))
	return list
}

// beginsWord reports whether a word begins at runes[i], which is not the first:
// where an upper-case letter follows one that isn't, or is followed by one that
// isn't, the s of IDs excepted.
func beginsWord(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i]) {
		return false
	}
	if !unicode.IsUpper(runes[i-1]) {
		return true
	}
	if i+1 >= len(runes) || !unicode.IsLower(runes[i+1]) {
		return false
	}
	plural := runes[i+1] == 's' && (i+2 == len(runes) || !unicode.IsLower(runes[i+2]))
	return !plural
}

func snake(name string) string { return strings.Join(words(name), "_") }

func screaming(name string) string { return strings.ToUpper(snake(name)) }

// title makes an exported name: onChange is OnChange.
func title(name string) string {
	name = strings.TrimLeft(name, "_")
	r, n := utf8.DecodeRuneInString(name)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + name[n:]
}

// isIdent reports whether protobuf allows the name.
func isIdent(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// jsonKey is what two field names of a message must not have in common: protoc
// refuses those whose names in JSON are the same.
func jsonKey(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
