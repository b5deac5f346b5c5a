package handshake

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tenon-go/tenon"
)

// An Answer is what a plugin says to an [Offer].
type Answer struct {
	// Version is the version of the app that is used, one of the offer's.
	// Required, unless the offer is refused.
	Version int

	// Services are those that the plugin offers in that version.
	Services []Service

	// Limits are those that the plugin sets. Zero fields have their defaults.
	Limits tenon.Limits

	// Name and Release are the plugin's own name and version: "kv-disk",
	// "1.4.2". They may be empty.
	Name, Release string

	// Library is the plugin's runtime and its version, "tenon-go/0.1".
	Library string

	// PID is the plugin's process id as it sees it, 0 if unknown. It is for
	// messages: the host signals the process that it started.
	PID int

	// Features name what the plugin can do beyond this generation.
	Features []string

	// Refusal says why the plugin does not take the offer; nil if it does. If
	// it is set, the other fields are not sent.
	Refusal *Refusal
}

// A Refusal says why a plugin does not take an offer.
type Refusal struct {
	Reason   Reason
	App      string // the plugin's
	Versions []int  // the plugin's, of its app
	Text     string // in the plugin's own words; may be empty
}

// A Reason is why a plugin does not take an offer.
type Reason uint32

// The reasons for a [Refusal]. Others may come from a newer plugin.
const (
	WrongApp        Reason = 1 + iota // the offer is of another app
	WrongCookie                       // the cookie has another value
	NoCommonVersion                   // there is no version that both sides have
	InitFailed                        // the plugin's own initialisation failed; Text says why
)

// String names the reason in a few words.
func (r Reason) String() string {
	switch r {
	case WrongApp:
		return "wrong app"
	case WrongCookie:
		return "wrong cookie"
	case NoCommonVersion:
		return "no common version"
	case InitFailed:
		return "initialisation failed"
	}
	return "reason " + strconv.FormatUint(uint64(r), 10)
}

func (a Answer) normal(c *checker) Answer {
	if a.Refusal != nil {
		return Answer{Refusal: a.Refusal.normal(c)}
	}
	if a.Version == 0 {
		c.fail("version", "none, and no refusal")
	}
	c.versions("version", []int{a.Version})
	a.Services = slices.Clone(a.Services)
	for i := range a.Services {
		a.Services[i].Versions = nil // an answer is for one version
	}
	a.Services = c.services(a.Services)
	a.Limits = c.limits(a.Limits)
	c.text("name", a.Name, maxName)
	c.text("release", a.Release, maxName)
	c.text("library", a.Library, maxName)
	a.Features = c.features(a.Features)
	a.PID = pid(int64(a.PID))
	return a
}

func (r Refusal) normal(c *checker) *Refusal {
	if r.Reason == 0 {
		c.fail("refusal.reason", "none")
	}
	c.text("refusal.app", r.App, maxName)
	r.Versions = c.versions("refusal.versions", r.Versions)
	r.Text = clip(r.Text)
	return &r
}

// clip makes s fit to be sent as a refusal's text: the plugin's own error may
// be anything, and must get through.
func clip(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
		for s != "" && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		s = s[:max(len(s)-1, 0)]
	}
	// One byte for each that is wrong, because the text must not grow.
	return strings.ToValidUTF8(s, "?")
}

// Append appends the body of the plugin's hello to buf. It fails with a
// *[HelloError] if a is not one that [ParseAnswer] would accept.
func (a Answer) Append(buf []byte) ([]byte, error) {
	c := &checker{message: "answer"}
	a = a.normal(c)
	if c.err != nil {
		return buf, c.err
	}
	var m tenon.Message
	if a.Refusal != nil {
		writeRefusal(&m, 9, a.Refusal)
		return finish(c, &m, buf)
	}
	writeInt(&m, 1, int64(a.Version))
	writeServices(&m, 2, a.Services)
	writeLimits(&m, 3, a.Limits)
	writeText(&m, 4, a.Name)
	writeText(&m, 5, a.Release)
	writeText(&m, 6, a.Library)
	writeInt(&m, 7, int64(a.PID))
	writeTexts(&m, 8, a.Features)
	return finish(c, &m, buf)
}

func writeRefusal(m *tenon.Message, field int32, r *Refusal) {
	mark := m.Begin(field)
	m.WriteUint(1, uint64(r.Reason))
	writeText(m, 2, r.App)
	writeVersions(m, 3, r.Versions)
	writeText(m, 4, r.Text)
	m.End(mark)
}

// ParseAnswer reads the body of the plugin's hello. Whatever it returns keeps
// to the bounds, and has either a version or a refusal. Its error is a
// *[HelloError]. Whether the answer fits the offer is for [Offer.Check].
func ParseAnswer(body []byte) (Answer, error) {
	var a Answer
	var m tenon.Message
	m.Load(body, nil)
	c := &checker{message: "answer"}
	c.read(&m, func() {
		switch m.Field() {
		case 1:
			if v := c.addVersion("version", nil, m.ReadUint()); len(v) == 1 {
				a.Version = v[0]
			}
		case 2:
			a.Services = c.readService(&m, a.Services)
		case 3:
			c.readLimits(&m, &a.Limits)
		case 4:
			a.Name = m.ReadString()
		case 5:
			a.Release = m.ReadString()
		case 6:
			a.Library = m.ReadString()
		case 7:
			a.PID = pid(m.ReadInt())
		case 8:
			a.Features = c.readText(&m, "features", a.Features, maxFeatures)
		case 9:
			if a.Refusal == nil {
				a.Refusal = new(Refusal)
			}
			c.readRefusal(&m, a.Refusal)
		}
	})
	if c.err == nil {
		a = a.normal(c)
	}
	if c.err != nil {
		return Answer{}, c.err
	}
	return a, nil
}

func (c *checker) readRefusal(m *tenon.Message, r *Refusal) {
	c.nested(m, func(sub *tenon.Message) {
		switch sub.Field() {
		case 1:
			r.Reason = Reason(sub.ReadUint())
		case 2:
			r.App = sub.ReadString()
		case 3:
			r.Versions = c.readVersions(sub, "refusal.versions", r.Versions)
		case 4:
			r.Text = sub.ReadString()
		}
	})
}

// Check reports why the plugin's answer to the offer is not one to go on with:
// an *[AppError], a *[VersionError], a *[RefusedError], or a *[HelloError] if it
// takes what was not offered.
func (o Offer) Check(a Answer) error {
	r := a.Refusal
	switch {
	case r == nil && slices.Contains(o.Versions, a.Version):
		return nil
	case r == nil:
		return &HelloError{Message: "answer", Field: "version", Problem: strconv.Itoa(a.Version) + " was not offered"}
	case r.Reason == WrongApp, r.Reason == WrongCookie:
		return &AppError{Host: o.App, Plugin: r.App}
	case r.Reason == NoCommonVersion:
		return &VersionError{App: o.App, Host: o.Versions, Plugin: r.Versions, Name: o.Plugin}
	}
	return &RefusedError{Reason: r.Reason, Text: r.Text, Name: o.Plugin}
}
