package golang

import (
	"fmt"
	"strings"
	"time"
)

// width is where comments are wrapped.
const width = 81

// comment writes a comment of generated code's own, wrapped.
func (f *file) comment(text string) {
	for _, line := range wrap(text) {
		f.p("// %s", line)
	}
}

// doc writes the author's comment, line by line as it is.
func (f *file) doc(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		f.p("%s", strings.TrimRight("// "+line, " "))
	}
}

// docOr writes the author's comment, or what stands in for it, and what is to be
// added to the last paragraph of either.
func (f *file) docOr(text, otherwise, more string) {
	if strings.TrimSpace(text) == "" {
		f.comment(strings.TrimSpace(otherwise + " " + more))
		return
	}
	text = strings.TrimRight(text, "\n")
	if more == "" {
		f.doc(text)
		return
	}
	before, last := "", text
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		before, last = text[:i+2], text[i+2:]
	}
	if preformatted(last) {
		f.doc(text + "\n\n" + strings.Join(wrap(more), "\n"))
		return
	}
	f.doc(before + strings.Join(wrap(last+" "+more), "\n"))
}

// preformatted says whether a paragraph is code or a list, which must not be
// wrapped.
func preformatted(paragraph string) bool {
	for line := range strings.SplitSeq(paragraph, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "#") {
			return true
		}
	}
	return false
}

// wrap breaks text into lines that fit behind a comment's slashes.
func wrap(text string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len("// ")+len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// a returns name with its indefinite article.
func a(name string) string {
	if name != "" && strings.ContainsRune("aeioAEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// sentenceA is a at the beginning of a sentence.
func sentenceA(name string) string { return "A" + a(name)[1:] }

// list is "A", "A and B" or "A, B and C".
func list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}

// seconds is d in words.
func seconds(d time.Duration) string {
	if d%time.Second != 0 || d == time.Second {
		return d.String()
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
