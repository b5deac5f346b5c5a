package load

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// resembling is what a directive may have been meant to be: //Tenon:keep x,
// // tenon:keep x, //tenon-keep x, // +tenon:keep x, //tenon: keep x.
const resembling = `[ \t]*\+?(?i:tenon)[ \t]*[:_-][ \t]*`

var (
	// directiveText finds what may be a directive, also one that is spelled wrongly.
	directiveText = regexp.MustCompile(`(?m)(//|/\*|^[ \t*]*)` + resembling + `(?i:` + strings.Join(slices.Sorted(maps.Keys(rules)), "|") + `)\b|//[ \t]*tenon:[a-z]`)
	misspelled    = regexp.MustCompile(`^` + resembling + `([A-Za-z]+)(?:[ \t]+(.*?))?[ \t]*$`)
	argument      = regexp.MustCompile(`^[\pL\d_./-]*[\pL\d_]$`)
)

// checkSpelling finds directives that are none because of how they are written:
// they would be ignored without a word.
func (l *loader) checkSpelling(group *ast.CommentGroup) {
	for _, c := range group.List {
		if text, ok := strings.CutPrefix(c.Text, "//"); ok {
			l.checkLine(text, c.Text, c.Pos())
			continue
		}
		offset := len("/*")
		for line := range strings.Lines(strings.TrimSuffix(c.Text[offset:], "*/")) {
			text := strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t*")
			l.checkLine(text, "/* "+strings.TrimSpace(text)+" */", c.Pos()+token.Pos(offset))
			offset += len(line)
		}
	}
}

// checkLine looks at one line of a comment, of which raw is what is shown. A sentence
// that begins like a directive is left alone as far as it can be told.
func (l *loader) checkLine(text, raw string, pos token.Pos) {
	m := misspelled.FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(raw, prefix+m[1]) {
		return
	}
	name := strings.ToLower(m[1])
	rule, known := rules[name]
	args := strings.Fields(m[2])
	prose := slices.ContainsFunc(args, func(arg string) bool { return !argument.MatchString(arg) })
	if !known || prose || len(args) < rule.min || len(args) > rule.max {
		return
	}
	right := strings.Join(append([]string{prefix + name}, args...), " ")
	l.problem(l.all.position(pos), "write "+right, "%q is an ordinary comment: directives begin with //tenon: and have no space before the name", strings.TrimSpace(raw))
}
