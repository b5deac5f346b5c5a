package ledger

import (
	"slices"
	"strings"
)

// compareErrors looks at the names by which errors are known on both sides.
func (c *comparison) compareErrors() {
	former := map[string]bool{}
	var fresh []*named
	for _, e := range c.next.errors {
		if find(c.old.errors, ofError, e.name) != nil {
			c.sameError(e)
			continue
		}
		was := find(c.old.errors, ofError, c.fullNames(e.was)...)
		if was == nil {
			c.changed(e.pos, "the error %s is new", e.name)
			fresh = append(fresh, &e.named)
			continue
		}
		former[was.name] = true
		c.breaks(e.pos, "keep the name that is sent with //tenon:name "+short(was.name),
			"the error %s was %s: peers built before know it by that name, and errors.Is and errors.As are false there", e.name, was.name)
	}
	for _, e := range c.old.errors {
		if find(c.next.errors, ofError, e.name) == nil && !former[e.name] {
			pos, hint := renamed(&e.named, fresh)
			c.breaks(pos, hint,
				"the error %s is gone: what peers built before return is not recognised any more, and they don't get it", e.name)
		}
	}
}

// sameError finds a sentinel that was a type, or the reverse: the other side would
// look for one, and get the other. The ledger has a message for a type alone.
func (c *comparison) sameError(e *failure) {
	names := messageNames(e)
	was := find(c.old.messages, ofMessage, names...)
	switch {
	case e.message != "" && was == nil:
		m := find(c.next.messages, ofMessage, e.message)
		if m != nil && c.messages[m] != nil {
			return // it had another name
		}
		c.breaks(e.pos, "keep the variable, and give the type another name",
			"the error %s is a type, and was a variable: peers built before send and look for that, and errors.Is and errors.As are false there", e.name)
	case e.message == "" && was != nil && !c.isUsed(was):
		c.breaks(e.pos, "keep the type, and give the variable another name",
			"the error %s is a variable, and was a type: peers built before send and look for that, and errors.Is and errors.As are false there", e.name)
	}
}

// messageNames are those that the message of an error's fields may have: that of
// another package's error has the package's name in front, and one that occurs as
// a value too has Fields behind it.
func messageNames(e *failure) (all []string) {
	base := short(e.name)
	pkg := short(strings.TrimSuffix(e.name, "."+base))
	for _, name := range []string{base, cond(pkg != "", strings.ToUpper(pkg[:min(1, len(pkg))])+pkg[min(1, len(pkg)):], "") + base, strings.TrimSuffix(e.message, "Fields")} {
		if name != "" {
			all = append(all, name, name+"Fields")
		}
	}
	return all
}

// isUsed reports whether something has or is the old message still: then it is not
// that of an error.
func (c *comparison) isUsed(was *message) bool {
	for _, m := range c.old.messages {
		for _, f := range m.fields {
			if f.typ == was.name {
				return true
			}
		}
	}
	return isPartner(c.messages, was)
}

// fullNames adds the package to names that have none.
func (c *comparison) fullNames(names []string) []string {
	full := slices.Clone(names)
	for _, name := range names {
		if !strings.Contains(name, ".") {
			full = append(full, c.old.pkg+"."+name)
			for _, e := range c.old.errors {
				if short(e.name) == name {
					full = append(full, e.name)
				}
			}
		}
	}
	return full
}

func short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
