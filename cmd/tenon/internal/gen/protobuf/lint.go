package protobuf

import (
	"regexp"
	"strings"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// buf's default lint asks for some things that names taken from Go don't have. A
// comment above the element excepts it, and says why; no configuration of buf is
// needed then, and new elements are looked at as before.

func ignore(rule, why string) string { return "buf:lint:ignore " + rule + ": " + why }

const (
	notVersioned = "versions are the app's, and raised for breaking changes only"
	besideGo     = "the file is beside the Go package that it is made of"
	likeGo       = "it is called as in Go"
)

var (
	versioned  = regexp.MustCompile(`\.v[1-9][0-9]*([a-z].*)?$`)
	pascal     = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	lowerSnake = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	upperSnake = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
)

func ignorePackage(name string) (notes []string) {
	if !versioned.MatchString(name) {
		notes = append(notes, ignore("PACKAGE_VERSION_SUFFIX", notVersioned))
	}
	for _, part := range strings.Split(name, ".") {
		if !lowerSnake.MatchString(part) {
			notes = append(notes, ignore("PACKAGE_LOWER_SNAKE_CASE", likeGo))
			break
		}
	}
	return append(notes, ignore("PACKAGE_DIRECTORY_MATCH", besideGo))
}

func ignoreService(name string) (notes []string) {
	if !strings.HasSuffix(name, "Service") {
		notes = append(notes, ignore("SERVICE_SUFFIX", likeGo))
	}
	return append(notes, ignoreName("SERVICE_PASCAL_CASE", name, pascal)...)
}

func ignoreRPC(i *model.Interface, m *model.Method) []string {
	notes := ignoreName("RPC_PASCAL_CASE", m.Wire, pascal)
	if name := m.Request.Name; name != m.Wire+"Request" && name != i.Wire+m.Wire+"Request" {
		notes = append(notes, ignore("RPC_REQUEST_STANDARD_NAME", likeGo))
	}
	if name := m.Response.Name; name != m.Wire+"Response" && name != i.Wire+m.Wire+"Response" {
		notes = append(notes, ignore("RPC_RESPONSE_STANDARD_NAME", likeGo))
	}
	return notes
}

func ignoreValue(enum *model.Enum, v *model.EnumValue, name string) (notes []string) {
	if v.Number == 0 && !strings.HasSuffix(name, "_UNSPECIFIED") {
		notes = append(notes, ignore("ENUM_ZERO_VALUE_SUFFIX", "it is a value like the others in Go"))
	}
	if !strings.HasPrefix(name, capitals(enum.Name)+"_") {
		notes = append(notes, ignore("ENUM_VALUE_PREFIX", likeGo))
	}
	return append(notes, ignoreName("ENUM_VALUE_UPPER_SNAKE_CASE", name, upperSnake)...)
}

func ignoreName(rule, name string, form *regexp.Regexp) []string {
	if form.MatchString(name) {
		return nil
	}
	return []string{ignore(rule, likeGo)}
}

// capitals returns MY_HTTP_CODE of MyHTTPCode, as buf makes the prefix of values.
func capitals(name string) string {
	var b strings.Builder
	for i := range len(name) {
		lower := func(at int) bool { return at < len(name) && name[at] >= 'a' && name[at] <= 'z' }
		upper := name[i] >= 'A' && name[i] <= 'Z'
		if i > 0 && upper && (lower(i-1) || lower(i+1)) && name[i-1] != '_' {
			b.WriteByte('_')
		}
		b.WriteByte(name[i])
	}
	return strings.ToUpper(b.String())
}
