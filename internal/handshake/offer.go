package handshake

import (
	"log/slog"
	"slices"

	"github.com/tenon-go/tenon"
)

// An Offer is what a host says first.
type Offer struct {
	// App is the app's name. Required.
	App string

	// Cookie is the value of the app's cookie.
	Cookie string

	// Versions are the versions of the app that the host can use. Required.
	Versions []int

	// Services are those that the host offers to the plugin.
	Services []Service

	// Limits are those that the host sets. Zero fields have their defaults.
	Limits tenon.Limits

	// LogLevel is the lowest level that the plugin is to log.
	LogLevel slog.Level

	// Plugin is the host's name for the plugin. It may be empty.
	Plugin string

	// Features name what the host can do beyond this generation.
	Features []string

	// Library is the host's runtime and its version, "tenon-go/0.1".
	Library string

	// PID is the host's process id as it sees it, 0 if unknown.
	PID int
}

// normal returns o as it is sent: lists in order and each entry once, limits
// filled in.
func (o Offer) normal(c *checker) Offer {
	c.name("app", o.App)
	c.text("cookie", o.Cookie, maxCookie)
	if len(o.Versions) == 0 {
		c.fail("versions", "none")
	}
	o.Versions = c.versions("versions", o.Versions)
	o.Services = c.services(o.Services)
	o.Limits = c.limits(o.Limits)
	o.LogLevel = slog.Level(toInt(int64(o.LogLevel)))
	c.text("plugin", o.Plugin, maxName)
	o.Features = c.features(o.Features)
	c.text("library", o.Library, maxName)
	o.PID = pid(int64(o.PID))
	return o
}

// Append appends the body of the host's hello to buf. It fails with a
// *[HelloError] if o is not one that [ParseOffer] would accept.
func (o Offer) Append(buf []byte) ([]byte, error) {
	c := &checker{message: "offer"}
	o = o.normal(c)
	if c.err != nil {
		return buf, c.err
	}
	var m tenon.Message
	writeText(&m, 1, o.App)
	writeText(&m, 2, o.Cookie)
	writeVersions(&m, 3, o.Versions)
	writeServices(&m, 4, o.Services)
	writeLimits(&m, 5, o.Limits)
	if o.LogLevel != 0 {
		m.WriteSint(6, int64(o.LogLevel))
	}
	writeText(&m, 7, o.Plugin)
	writeTexts(&m, 8, o.Features)
	writeText(&m, 9, o.Library)
	writeInt(&m, 10, int64(o.PID))
	return finish(c, &m, buf)
}

// ParseOffer reads the body of the host's hello. Whatever it returns keeps to
// the bounds: versions are sorted, the highest first, and limits have their
// defaults. Its error is a *[HelloError].
func ParseOffer(body []byte) (Offer, error) {
	var o Offer
	var m tenon.Message
	m.Load(body, nil)
	c := &checker{message: "offer"}
	c.read(&m, func() {
		switch m.Field() {
		case 1:
			o.App = m.ReadString()
		case 2:
			o.Cookie = m.ReadString()
		case 3:
			o.Versions = c.readVersions(&m, "versions", o.Versions)
		case 4:
			o.Services = c.readService(&m, o.Services)
		case 5:
			c.readLimits(&m, &o.Limits)
		case 6:
			o.LogLevel = slog.Level(toInt(m.ReadSint()))
		case 7:
			o.Plugin = m.ReadString()
		case 8:
			o.Features = c.readText(&m, "features", o.Features, maxFeatures)
		case 9:
			o.Library = m.ReadString()
		case 10:
			o.PID = pid(m.ReadInt())
		}
	})
	if c.err == nil {
		o = o.normal(c)
	}
	if c.err != nil {
		return Offer{}, c.err
	}
	return o, nil
}

// ServicesIn returns the services that the host offers in a version of the app.
func (o Offer) ServicesIn(version int) []Service {
	var in []Service
	for _, s := range o.Services {
		if len(s.Versions) == 0 || slices.Contains(s.Versions, version) {
			in = append(in, Service{Name: s.Name, Methods: s.Methods})
		}
	}
	return in
}

// Decide returns the version in which a plugin of the given app takes the
// offer, or why it does not.
func (o Offer) Decide(app tenon.App) (version int, refusal *Refusal) {
	own := app.Supported()
	_, cookie := app.CookieEntry()
	version, ok := Choose(o.Versions, own)
	reason := Reason(0)
	switch {
	case o.App != app.Name:
		reason = WrongApp
	case o.Cookie != cookie:
		reason = WrongCookie
	case !ok:
		reason = NoCommonVersion
	default:
		return version, nil
	}
	return 0, &Refusal{Reason: reason, App: app.Name, Versions: own}
}
