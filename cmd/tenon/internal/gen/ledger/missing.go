package ledger

import (
	"go/token"
	"path"
	"slices"
	"strings"
)

// missing says what s, which was read, has lost, and where that is seen; it is
// empty if it is whole as far as that can be told. Whoever took what is left for
// the ledger would give numbers a second time.
func (r *reader) missing(s *schema) (token.Position, string) {
	if s.pkg == "" {
		return s.pos, "it names no package"
	}
	for _, sv := range s.services {
		for _, m := range sv.methods {
			for _, name := range []string{m.in, m.out} {
				if !r.knows(s, "", name) {
					return m.pos, sv.name + "." + m.name + " refers to the message " + name + ", which is not there"
				}
			}
		}
	}
	for _, m := range s.messages {
		for _, f := range m.fields {
			if !isScalar(f.typ) && !r.knows(s, m.name, f.typ) {
				return f.pos, f.name + " of " + m.name + " refers to the type " + f.typ + ", which is not there"
			}
		}
	}
	return token.Position{}, ""
}

// knows reports whether the file declares what is called name in the message
// within, or imports a file that may.
func (r *reader) knows(s *schema, within, name string) bool {
	for ; within != ""; within = upTo(within) {
		if declares(s, within+"."+name) {
			return true
		}
	}
	// By hand the package, or the end of its name, may be in front.
	for _, part := range suffixes(s.pkg) {
		if declares(s, strings.TrimPrefix(name, part+".")) {
			return true
		}
	}
	return declares(s, name) || r.imports(name)
}

// suffixes are the ends of a package's name, in which what is declared there may
// be looked up.
func suffixes(pkg string) []string {
	all := []string{pkg}
	for rest := pkg; ; {
		_, end, more := strings.Cut(rest, ".")
		if !more {
			return all
		}
		all, rest = append(all, end), end
	}
}

// upTo is name without its last part.
func upTo(name string) string { return name[:max(strings.LastIndexByte(name, '.'), 0)] }

func declares(s *schema, name string) bool {
	return find(s.messages, ofMessage, name) != nil || find(s.enums, ofEnum, name) != nil
}

// imports reports whether a file that is imported may declare name. Which files
// declare the types of tenon and protobuf is known; any other may declare anything
// else that has a package.
func (r *reader) imports(name string) bool {
	return slices.ContainsFunc(r.fd.GetDependency(), func(file string) bool {
		switch dir := path.Dir(file); {
		case strings.HasPrefix(name, "tenon."):
			return file == "tenon/tenon.proto"
		case strings.HasPrefix(name, "google.protobuf."):
			return dir == "google/protobuf"
		default:
			return strings.Contains(name, ".") && file != "tenon/tenon.proto" && dir != "google/protobuf"
		}
	})
}
