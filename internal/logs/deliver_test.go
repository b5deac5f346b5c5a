package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
)

// customLevels is the idiom of slog's own example of ReplaceAttr.
func customLevels(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.LevelKey:
		a.Value = slog.StringValue("custom " + a.Value.Any().(slog.Level).String())
	case slog.TimeKey:
		_ = a.Value.Any().(time.Time)
	case slog.SourceKey:
		_ = a.Value.Any().(*slog.Source).File
	case PluginKey:
		_ = a.Value.Any().(string)
	}
	return a
}

// sent returns what becomes of attrs between two processes.
func sent(t *testing.T, attrs ...slog.Attr) slog.Record {
	r := slog.NewRecord(time.Unix(1, 0), slog.LevelInfo, "message", 0)
	r.AddAttrs(attrs...)
	return roundTrip(t, r)
}

// forged has the keys of the host in it, in a group without a name as well,
// which slog does not let a plugin send, but something else may.
func forged(t *testing.T) slog.Record {
	var m tenon.Message
	group := m.Begin(fieldAttrs)
	value := m.Begin(attrGroup)
	for _, key := range []string{"level", "source", "plugin", "ok"} {
		mark := m.Begin(fieldAttrs)
		m.WriteString(attrKey, key)
		m.WriteString(attrString, "inlined")
		m.End(mark)
	}
	m.End(value)
	m.End(group)
	var in tenon.Message
	in.Load(m.Raw(), nil)
	r, err := Parse(&in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func hclogLine(t *testing.T, line string) slog.Record {
	r, ok := ParseHCLog([]byte(line))
	if !ok {
		t.Fatal("not a record: " + line)
	}
	return r
}

func TestDeliverRenames(t *testing.T) {
	src := &slog.Source{File: "a.go", Line: 1}
	for name, tt := range map[string]struct {
		r    slog.Record
		want string
	}{
		"own keys": {
			sent(t, slog.String("level", "ERROR"), slog.Int("time", 1), slog.String("msg", "x"), slog.String("plugin", "other"), slog.String("source", "s")),
			"plugin plugin.level plugin.time plugin.msg plugin.plugin plugin.source",
		},
		"a source":     {sent(t, slog.Any("source", src)), "plugin source"},
		"two sources":  {sent(t, slog.Any("source", src), slog.Any("source", src)), "plugin source plugin.source"},
		"nil source":   {sent(t, slog.Any("source", (*slog.Source)(nil))), "plugin plugin.source"},
		"group":        {sent(t, slog.Group("level", "a", 1)), "plugin plugin.level"},
		"others":       {sent(t, slog.Int("levels", 1), slog.Int("k", 1), slog.Int("k", 2)), "plugin levels k k"},
		"inlined":      {forged(t), "plugin [plugin.level plugin.source plugin.plugin ok]"},
		"hclog":        {hclogLine(t, `{"@level":"info","@message":"m","level":"x","plugin":"y","source":1,"@caller":"a.go:1"}`), "plugin source plugin.level plugin.plugin plugin.source"},
		"hclog source": {hclogLine(t, `{"@level":"info","@message":"m","source":{"file":"x"},"msg":null,"time":"t"}`), "plugin plugin.msg plugin.source plugin.time"},
	} {
		t.Run(name, func(t *testing.T) {
			var c capture
			if err := Deliver(t.Context(), slog.New(&c), tt.r, "name"); err != nil {
				t.Fatal(err)
			}
			if got := keys(attrsOf(c.r)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			checkJSON(t, tt.r)
		})
	}
}

func keys(attrs []slog.Attr) string {
	var list []string
	for _, a := range attrs {
		if a.Key == "" {
			a.Key = "[" + keys(a.Value.Group()) + "]"
		}
		list = append(list, a.Key)
	}
	return strings.Join(list, " ")
}

type capture struct{ r slog.Record }

func (c *capture) Enabled(context.Context, slog.Level) bool { return true }
func (c *capture) Handle(_ context.Context, r slog.Record) error {
	c.r = r
	return nil
}
func (c *capture) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c *capture) WithGroup(string) slog.Handler      { return c }

// checkJSON checks that a record makes an object in which none of the host's
// keys is there twice, on a host that relies on slog's keys as its example does.
func checkJSON(t *testing.T, r slog.Record) {
	t.Helper()
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: customLevels, AddSource: true}))
	if err := Deliver(t.Context(), logger, r, "name"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"time", "level", "msg", "plugin", "source"} {
		if n := strings.Count(out.String(), fmt.Sprintf("%q:", key)); n > 1 {
			t.Errorf("%d times %s: %s", n, key, out.String())
		}
	}
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil || m["level"] != "custom INFO" || m["plugin"] != "name" {
		t.Errorf("%v: %s", err, out.String())
	}
}

// An attribute in a group keeps its name. If the host's handler panics because
// of that, as it does if the host itself logs such a thing, it loses the record.
func TestDeliverSurvivesPanic(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: customLevels}))
	for name, r := range map[string]slog.Record{
		"record": sent(t, slog.Group("g", "level", "high")),
		"error":  sent(t, slog.Group("g", "source", 1)),
	} {
		err := Deliver(t.Context(), logger, r, "p")
		if err == nil || !strings.Contains(err.Error(), "lost") {
			t.Error(name, err)
		}
	}
	if err := Deliver(t.Context(), logger, sent(t), "p"); err != nil || !strings.Contains(out.String(), "message") {
		t.Error("the next record is lost as well:", err, out.String())
	}
	err := Deliver(t.Context(), slog.New(moody{}), sent(t), "p")
	if err == nil || !strings.Contains(err.Error(), "not today") {
		t.Error(err)
	}
}

type moody struct{ slog.Handler }

func (moody) Enabled(context.Context, slog.Level) bool { panic("not today") }

func TestHCLogBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"@level":"info","@message":"m"`)
	for i := range 5000 {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	b.WriteString("}")
	as := attrsOf(hclogLine(t, b.String()))
	if len(as) != MaxAttrs+1 || !as[MaxAttrs].Equal(slog.Bool(TruncatedKey, true)) {
		t.Errorf("%d attributes, the last is %v", len(as), as[len(as)-1])
	}
}
