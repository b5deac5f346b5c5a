package load

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/near"
)

// suggest is the hint for a word that is not known: the nearest one that is, or
// all of them.
func suggest[V any](before, word string, known map[string]V) string {
	names := slices.Sorted(maps.Keys(known))
	if best := near.Nearest(word, names, 2); best != "" {
		return "did you mean " + before + best + "?"
	}
	if len(names) == 0 {
		return "there is none"
	}
	text := "known are"
	for i, name := range names {
		if i > 0 {
			text += ","
		}
		text += " " + before + name
	}
	return text
}

// countOf is "no argument", "1 argument" or "2 arguments".
func countOf(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
