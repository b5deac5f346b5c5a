package protobuf

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Numbers that protobuf allows.
const (
	MaxNumber = 1<<29 - 1 // of fields
	maxEnum   = 1<<31 - 1
)

// A printer collects lines.
type printer struct{ b strings.Builder }

func (p *printer) line(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
	p.b.WriteByte('\n')
}

// take returns what was written, and forgets it.
func (p *printer) take() string {
	text := p.b.String()
	p.b.Reset()
	return text
}

// comment writes doc, and notes in paragraphs of their own.
func (p *printer) comment(indent, doc string, notes ...[]string) {
	lines := docLines(doc)
	for _, note := range notes {
		if len(lines) > 0 && len(note) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, note...)
	}
	for _, line := range lines {
		p.line(strings.TrimRight(indent+"// "+line, " "))
	}
}

// docLines returns the lines of a doc comment without empty ones at its ends.
func docLines(doc string) []string {
	doc = strings.ReplaceAll(strings.ReplaceAll(doc, "\r\n", "\n"), "\r", "\n")
	var lines []string
	for _, line := range strings.Split(doc, "\n") {
		lines = append(lines, strings.TrimRightFunc(clean(line), unicode.IsSpace))
	}
	filled := func(s string) bool { return s != "" }
	first := slices.IndexFunc(lines, filled)
	if first < 0 {
		return nil
	}
	for lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines[first:]
}

// clean leaves out what parsers of .proto files refuse, or take for the end of a
// line: control characters and what is not UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r == unicode.ReplacementChar:
			return r
		case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\uFEFF':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// trailing returns the comment behind a declaration.
func trailing(notes ...string) string {
	var all []string
	for _, note := range notes {
		if text := strings.Join(strings.Fields(clean(note)), " "); text != "" {
			all = append(all, text)
		}
	}
	if all == nil {
		return ""
	}
	return " // " + strings.Join(all, "; ")
}

// space writes an empty line if it is wanted.
func (p *printer) space(wanted bool) {
	if wanted {
		p.line("")
	}
}

// reserved writes what must not be used again, and reports whether that is
// anything.
func (p *printer) reserved(numbers []int32, ranges [][2]int32, names []string, most int32) bool {
	all := slices.Clone(ranges)
	for _, n := range numbers {
		all = append(all, [2]int32{n, n})
	}
	if all = Merge(all); len(all) > 0 {
		p.line("  reserved ", rangeList(all, most), ";")
	}
	if len(names) > 0 {
		quoted := make([]string, len(names))
		for i, name := range slices.Sorted(slices.Values(names)) {
			quoted[i] = strconv.Quote(name)
		}
		p.line("  reserved ", strings.Join(slices.Compact(quoted), ", "), ";")
	}
	return len(all)+len(names) > 0
}

// Merge returns ranges in order, those that touch as one.
func Merge(ranges [][2]int32) [][2]int32 {
	all := slices.Clone(ranges)
	slices.SortFunc(all, func(a, b [2]int32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var merged [][2]int32
	for _, r := range all {
		if last := len(merged) - 1; last >= 0 && int64(r[0]) <= int64(merged[last][1])+1 {
			merged[last][1] = max(merged[last][1], r[1])
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func rangeList(ranges [][2]int32, most int32) string {
	var parts []string
	for _, r := range ranges {
		first, last := strconv.Itoa(int(r[0])), strconv.Itoa(int(r[1]))
		switch {
		case r[0] == r[1]:
			parts = append(parts, first)
		case r[1] == most:
			parts = append(parts, first+" to max")
		case r[1] == r[0]+1:
			parts = append(parts, first, last)
		default:
			parts = append(parts, first+" to "+last)
		}
	}
	return strings.Join(parts, ", ")
}
