package handshake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Choose returns the highest version that both sides have.
func Choose(host, plugin []int) (version int, ok bool) {
	for _, v := range host {
		if (!ok || v > version) && slices.Contains(plugin, v) {
			version, ok = v, true
		}
	}
	return version, ok
}

// A VersionError says that host and plugin have no version of their app in
// common.
type VersionError struct {
	App          string
	Host, Plugin []int
	Name         string // the plugin's; may be empty
}

// Error says what each side has, and which one to upgrade.
func (e *VersionError) Error() string {
	name := e.Name
	if name == "" {
		name = "plugin"
	}
	var advice string
	switch e.Older() {
	case "host":
		advice = "upgrade the host, or use an older " + name
	case "plugin":
		advice = "upgrade the plugin, or use an older host"
	default:
		advice = "neither side is simply the older one: use a " + name + " that speaks " + listVersions(e.Host, "or")
	}
	return fmt.Sprintf("no common version of app %q: the host speaks %s, the plugin %s; %s",
		e.App, listVersions(e.Host, "and"), listVersions(e.Plugin, "and"), advice)
}

// Older returns "host" or "plugin" if all versions of that side are lower than
// all of the other's, and otherwise nothing.
func (e *VersionError) Older() string {
	switch {
	case len(e.Host) == 0 || len(e.Plugin) == 0:
		return ""
	case slices.Max(e.Host) < slices.Min(e.Plugin):
		return "host"
	case slices.Max(e.Plugin) < slices.Min(e.Host):
		return "plugin"
	}
	return ""
}

// listVersions prints at most 8 versions, the highest of them, in rising order:
// "1, 2 and 4".
func listVersions(list []int, last string) string {
	const most = 8
	list = descending(list)
	if len(list) == 0 {
		return "none"
	}
	more := len(list) > most
	list = list[:min(len(list), most)]
	slices.Reverse(list)
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = strconv.Itoa(v)
	}
	if more {
		texts = append([]string{"…"}, texts...)
	}
	if len(texts) == 1 {
		return texts[0]
	}
	n := len(texts) - 1
	return strings.Join(texts[:n], ", ") + " " + last + " " + texts[n]
}

// An AppError says that host and plugin are not made for each other.
type AppError struct {
	Host, Plugin string // names of their apps; if they are the same, the cookies differ
}

// Error names both apps.
func (e *AppError) Error() string {
	if e.Host == e.Plugin {
		return fmt.Sprintf("host and plugin are both of app %q, but their cookies differ: tenon.App.Cookie must be the same on both sides", e.Host)
	}
	return fmt.Sprintf("the plugin belongs to app %q, the host is of app %q", e.Plugin, e.Host)
}

// A RefusedError says that a plugin refused to serve for a reason of its own.
type RefusedError struct {
	Reason Reason
	Text   string // the plugin's words; may be empty
	Name   string // the plugin's; may be empty
}

// Error repeats the plugin's words.
func (e *RefusedError) Error() string {
	name := "the plugin"
	if e.Name != "" {
		name += " " + e.Name
	}
	text := name + " refused to serve (" + e.Reason.String() + ")"
	if e.Reason == InitFailed {
		text = name + " failed to initialise"
	}
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}
