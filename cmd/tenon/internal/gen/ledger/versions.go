package ledger

import (
	"fmt"
	"go/token"
	"slices"
	"strconv"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
)

// versionOf returns the version, which is 1 if nothing says so, as in tenon.App.
func versionOf(s *schema) int { return max(s.version, 1) }

func raised(was, next *schema) bool { return next.version > 0 && next.version > versionOf(was) }

func checkVersion(was, next *schema, pos token.Position, opts Options, problems *model.Problems) {
	if next.version > 0 && next.version < was.version {
		problems.Add(pos, "raise it to "+strconv.Itoa(was.version)+" again; or, if nothing of that version is deployed, run: "+opts.command(),
			"the version is %d, and was %d before: peers that were built with that would take this for what they know", next.version, was.version)
	}
}

// checkVersions finds versions that an app still claims to speak while its contract
// has just become another one.
func checkVersions(was *schema, p *model.Package, found findings, opts Options, problems *model.Problems) {
	at := slices.IndexFunc(found, func(f finding) bool { return f.breaking })
	if at < 0 || p.Version <= versionOf(was) {
		return
	}
	for _, v := range p.Versions {
		if v < 1 || v > versionOf(was) {
			continue
		}
		n := strconv.Itoa(v)
		problems.Add(p.VersionsPos, "take "+n+" out of App.Versions; or keep the contract as it was in a package of its own, with //tenon:package "+was.pkg+", serve that with .In("+n+
			"), and run once: "+opts.command(),
			"App.Versions says that version %d is still spoken, but a change breaks its peers: %s", v, found[at].text)
	}
}

// raiseHint says how to allow a breaking change.
func raiseHint(was, next *schema, opts Options) string {
	to := strconv.Itoa(versionOf(was) + 1)
	how := "raise App.Version to " + to
	if next.version == 0 {
		how = "raise the version, which is not known here, with //tenon:version " + to
	}
	return fmt.Sprintf("%s; or, if nothing that was built before is deployed, run: %s (//tenon:draft in the package says so until the first release)", how, opts.command())
}
