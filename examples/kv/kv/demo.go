package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/kv"
	"github.com/tenon-go/tenon/examples/kv/internal/memstore"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

// runDemo shows everything that a plugin can do, and checks that it did.
func runDemo(ctx context.Context, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	files, err := sourceFiles(ctx, dir)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "kv-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	d := &demo{
		report: newReport(os.Stdout), ctx: ctx, dir: dir, files: files, sample: largest(dir, files),
		data: filepath.Join(temp, "kv.db"), printed: newLines(), logged: newLines(),
	}
	defer d.killAll() // what was not stopped because something went wrong
	if err := d.run(); err != nil {
		return err
	}
	d.table()
	return d.err()
}

// A demo is the state that its sections share.
type demo struct {
	*report
	ctx    context.Context
	dir    string
	files  []string // in dir, sorted
	sample string   // one of them that is not small
	data   string   // the file that the disk plugin keeps its values in

	printed, logged *lines // what plugins print and log

	plugins []*host.Plugin
	disk    *host.Plugin
	store   kv.Store // the disk plugin's
}

func (d *demo) run() error {
	fmt.Fprintln(d.w, "A program and its plugins, which it uses through one Go interface.")
	for _, s := range []struct {
		title string
		run   func() (string, error)
	}{
		{"A plugin starts", d.starts},
		{"It reads from our io.Reader", d.imports},
		{"It answers questions", d.queries},
		{"It calls us back", d.callsBack},
		{"It logs and prints", d.logs},
		{"It has an optional method", d.optional},
		{"Its errors stay what they are", d.failures},
		{"It is killed, and starts again", d.crashes},
		{"Another one restores a snapshot", d.restores},
		{"The same in this process", d.inProcess},
		{"All is left in order", d.stops},
	} {
		if err := d.section(s.title, s.run); err != nil {
			return err
		}
	}
	return nil
}

// plugin starts a plugin of the demo's.
func (d *demo) plugin(name string) (*host.Plugin, kv.Store, error) {
	cmd, err := command(name, d.data)
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout = d.printed // any io.Writer will do
	return d.start(host.Config{Cmd: cmd})
}

func (d *demo) start(cfg host.Config) (*host.Plugin, kv.Store, error) {
	cfg.Services = serveClock(func() time.Time { return midnight })
	cfg.Logger = slog.New(slog.NewTextHandler(d.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.LogLevel = slog.LevelInfo // the plugin doesn't even send what is below
	p, store, err := start(d.ctx, cfg)
	if err == nil {
		d.plugins = append(d.plugins, p)
	}
	return p, store, err
}

func (d *demo) killAll() {
	for _, p := range d.plugins {
		p.Kill()
	}
	for _, p := range d.plugins {
		<-p.Done()
	}
}

func (d *demo) starts() (_ string, err error) {
	d.disk, d.store, err = d.plugin("disk")
	if err != nil {
		return "", err
	}
	info := d.disk.Info()
	d.check(info.PID != os.Getpid() && info.Version == kv.App.Version,
		"%s runs as process %d and speaks version %d of app %q", info.Reported, info.PID, info.Version, kv.App.Name)
	return info.Reported, nil
}

func (d *demo) imports() (string, error) {
	bar := newProgress(len(d.files))
	defer bar.end()
	var total int64
	for _, name := range d.files {
		bar.step(name)
		n, err := d.importFile(name)
		if err != nil {
			return "", err
		}
		total += n
	}
	bar.end()
	d.check(total == d.sizeOf(d.files), "Import: %d files, %s in all", len(d.files), bytesText(total))
	return fmt.Sprintf("%d files, %s", len(d.files), bytesText(total)), nil
}

func (d *demo) importFile(name string) (int64, error) {
	f, err := os.Open(filepath.Join(d.dir, name))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return d.store.Import(d.ctx, name, f)
}

func (d *demo) sizeOf(files []string) (total int64) {
	for _, name := range files {
		if info, err := os.Stat(filepath.Join(d.dir, name)); err == nil {
			total += info.Size()
		}
	}
	return total
}

func (d *demo) queries() (string, error) {
	want, err := os.ReadFile(filepath.Join(d.dir, d.sample))
	if err != nil {
		return "", err
	}
	value, err := d.store.Get(d.ctx, d.sample)
	d.check(err == nil && bytes.Equal(value, want), "Get: %s has %d bytes", d.sample, len(value))
	var exported bytes.Buffer
	n, err := d.store.Export(d.ctx, d.sample, &exported)
	d.check(err == nil && bytes.Equal(exported.Bytes(), want), "Export: %d bytes to our io.Writer, the same as in the file", n)
	return "Get, Export, List", d.lists()
}

// lists goes through one directory, and leaves the stream of all keys early.
func (d *demo) lists() error {
	prefix := strings.TrimPrefix(path.Dir(d.sample)+"/", "./")
	var keys []string
	for e, err := range d.store.List(d.ctx, prefix) {
		if err != nil {
			return err
		}
		keys = append(keys, e.Key)
	}
	want := slices.DeleteFunc(slices.Clone(d.files), func(name string) bool { return !strings.HasPrefix(name, prefix) })
	d.check(slices.Equal(keys, want), "List: a stream of the %d keys that begin with %q", len(keys), prefix)
	for e, err := range d.store.List(d.ctx, "") {
		d.check(err == nil && e.Key == d.files[0], "List: a stream of all keys, that we leave after the first")
		break
	}
	return nil
}

func (d *demo) callsBack() (string, error) {
	d.callback()
	err := d.listen()
	// It has asked our clock, which is the service that we offer.
	for e, err := range d.store.List(d.ctx, "news/tomorrow") {
		d.check(err == nil && e.Modified.Equal(midnight), "it asked our clock for the time of what it stored: %s", e.Modified.Format(time.DateTime))
	}
	return "function, listener, service", err
}

// callback has the plugin call a function, which is good for one call.
func (d *demo) callback() {
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	var seen []kv.Op
	err := d.store.Watch(ctx, "news/", func(ctx context.Context, e kv.Event) error {
		seen = append(seen, e.Op)
		switch e.Op {
		case kv.OpWatch:
			return d.store.Put(ctx, "news/today", []byte("a callback that calls the plugin"))
		case kv.OpPut:
			return d.store.Delete(ctx, "news/today")
		}
		cancel()
		return nil
	})
	d.check(errors.Is(err, context.Canceled) && slices.Equal(seen, []kv.Op{kv.OpWatch, kv.OpPut, kv.OpDelete}),
		"Watch: it called our function for a put and a delete, until we cancelled")
}

// listen gives it an interface value, which the contract says is kept.
func (d *demo) listen() error {
	l := listener{make(chan string, 2)}
	subscription, err := d.store.Subscribe(d.ctx, "news/", l)
	if err != nil {
		return err
	}
	if err := d.store.Put(d.ctx, "news/tomorrow", []byte("a listener")); err != nil {
		return err
	}
	d.check(l.wait(d.ctx) == "news/tomorrow", "Subscribe: it kept our listener, and called it later")
	d.check(subscription.Close() == nil && d.disk.Stats().Exported == 0, "Close: it has let go of the listener")
	return nil
}

// A listener tells of keys that have changed.
type listener struct{ told chan string }

func (l listener) wait(ctx context.Context) string {
	select {
	case key := <-l.told:
		return key
	case <-ctx.Done():
		return ""
	}
}

// Changed implements kv.Listener.
func (l listener) Changed(_ context.Context, e kv.Entry) error {
	l.told <- e.Key
	return nil
}

// Deleted implements kv.Listener.
func (l listener) Deleted(_ context.Context, key string) error {
	l.told <- key
	return nil
}

// midnight is what our clock shows, so that it can be told from any other.
var midnight = time.Date(1999, time.December, 31, 23, 59, 59, 0, time.UTC)

func (d *demo) logs() (string, error) {
	if err := d.disk.SetLogLevel(d.ctx, slog.LevelDebug); err != nil {
		return "", err
	}
	if err := d.store.Put(d.ctx, "noted", []byte("in the log")); err != nil {
		return "", err
	}
	line, err := d.logged.wait(d.ctx, "key=noted")
	d.check(err == nil && strings.Contains(line, "plugin=kv-disk"), "its slog records come out of our logger, at the level that we set:")
	d.quote(line)
	printed, err2 := d.printed.wait(d.ctx, "using")
	d.check(err2 == nil, "what it prints is ours to show:")
	d.quote(printed)
	return "a record, a line", errors.Join(err, err2, d.disk.SetLogLevel(d.ctx, slog.LevelInfo))
}

func (d *demo) optional() (string, error) {
	c, ok := d.store.(kv.Compacter)
	d.check(ok, "a type assertion tells that the disk plugin has Compact")
	if !ok {
		return "", nil
	}
	freed, err := c.Compact(d.ctx)
	d.check(err == nil && freed > 0, "Compact: it gave %s back", bytesText(freed))
	return "Compact", err
}

func (d *demo) failures() (string, error) {
	_, err := d.store.Get(d.ctx, "nothing")
	at := new(kv.KeyError)
	d.check(errors.Is(err, kv.ErrNotFound), "errors.Is finds kv.ErrNotFound in what Get returned:")
	d.quote(fmt.Sprint(err))
	d.check(errors.As(err, &at) && at.Key == "nothing", "errors.As finds a *kv.KeyError, for the key %q", at.Key)

	// What is too large for Get can be imported.
	if _, err := d.store.Import(d.ctx, "large", io.LimitReader(zeros{}, 3<<20)); err != nil {
		return "", err
	}
	_, err = d.store.Get(d.ctx, "large")
	size := new(kv.SizeError)
	d.check(errors.As(err, &size) && size.Size == 3<<20, "errors.As finds a *kv.SizeError in another, %d > %d", size.Size, size.Limit)
	d.panics()
	return "a sentinel, two types, a panic", nil
}

// panics makes a mistake that the plugin is not prepared for.
func (d *demo) panics() {
	err := d.store.Restore(d.ctx, nil)
	e := new(tenon.Error)
	d.check(errors.As(err, &e) && e.Stack != "", "a panic in the plugin costs one call, and comes with its stack:")
	d.quote(fmt.Sprint(err))
	_, err = d.store.Get(d.ctx, d.sample)
	d.check(err == nil, "it lives on")
}

// Zeros is a reader of as many zeros as anybody wants.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (d *demo) crashes() (string, error) {
	process, err := os.FindProcess(d.disk.Info().PID)
	if err != nil {
		return "", err
	}
	// The plugin asks for more all the time, until it is killed between two reads.
	_, err = d.store.Import(d.ctx, "unfinished", &saboteur{after: 10, then: func() { process.Kill() }})
	var exit *host.ExitError
	var returned *tenon.Error
	d.check(errors.As(err, &exit) && !errors.As(err, &returned), "kill -9 in the middle of Import: the call returns a *host.ExitError:")
	d.quote(fmt.Sprint(err))
	<-d.disk.Done()
	return "nothing lost", d.restarts()
}

// A saboteur is an endless reader that does something in between.
type saboteur struct {
	zeros
	after int
	then  func()
}

func (s *saboteur) Read(p []byte) (int, error) {
	if s.after--; s.after == 0 {
		s.then()
	}
	return s.zeros.Read(p)
}

func (d *demo) restarts() (err error) {
	d.disk, d.store, err = d.plugin("disk")
	if err != nil {
		return err
	}
	_, err = d.store.Get(d.ctx, d.sample)
	_, unfinished := d.store.Get(d.ctx, "unfinished")
	d.check(err == nil && errors.Is(unfinished, kv.ErrNotFound), "what it had stored is there, and nothing of what it was importing")
	return nil
}

func (d *demo) restores() (string, error) {
	_, memory, err := d.plugin("memory")
	if err != nil {
		return "", err
	}
	_, ok := memory.(kv.Compacter)
	d.check(!ok, "kv-memory is a plugin without Compact")
	snapshot, err := d.store.Snapshot(d.ctx)
	if err != nil {
		return "", err
	}
	if err := d.store.Put(d.ctx, "later", nil); err != nil {
		return "", err
	}
	// The snapshot lives in one plugin, we hold it, another reads it.
	if err := memory.Restore(d.ctx, snapshot); err != nil {
		return "", err
	}
	n, err := d.same(snapshot, memory)
	_, later := memory.Get(d.ctx, "later")
	d.check(err == nil && errors.Is(later, kv.ErrNotFound), "it has the %d values of a snapshot of kv-disk, which it read through us", n)
	return fmt.Sprintf("%d values", n), snapshot.Close()
}

// same checks that two plugins have the same values, and returns how many.
func (d *demo) same(a kv.Snapshot, b kv.Store) (n int, err error) {
	for e, err := range a.List(d.ctx, "") {
		if err != nil {
			return n, err
		}
		var x, y bytes.Buffer
		_, errX := a.Export(d.ctx, e.Key, &x)
		_, errY := b.Export(d.ctx, e.Key, &y)
		if err := errors.Join(errX, errY); err != nil {
			return n, err
		}
		if !bytes.Equal(x.Bytes(), y.Bytes()) {
			return n, fmt.Errorf("%s differs", e.Key)
		}
		n++
	}
	return n, nil
}

func (d *demo) inProcess() (string, error) {
	// For tests, and to step from host to plugin in one debugger.
	p, store, err := d.start(host.Config{InProcess: plugin.InProcess(plugin.Config{
		App:      kv.App,
		Services: []tenon.Service{kv.ServeStore(&memstore.Store{})},
	})})
	if err != nil {
		return "", err
	}
	err = store.Put(d.ctx, "a", []byte("1"))
	value, err2 := store.Get(d.ctx, "a")
	_, missing := store.Get(d.ctx, "b")
	d.check(errors.Join(err, err2) == nil && string(value) == "1" && p.Info().PID == 0 && errors.Is(missing, kv.ErrNotFound),
		"Put and Get without another process, with the same errors")
	return "kv-memory, in memory", nil
}

func (d *demo) stops() (string, error) {
	clean, left := true, 0
	for _, p := range d.plugins {
		select {
		case <-p.Done():
			continue // the one that was killed
		default:
		}
		left++
		s := p.Stats()
		clean = clean && s.Held == 0 && s.Exported == 0 && s.ActiveOut == 0
		if err := p.Stop(d.ctx); err != nil {
			return "", err
		}
	}
	d.check(clean, "no call is under way, no reader, function or listener is held")
	d.check(left == 3, "all %d plugins ended when they were asked to", left)
	return "3 plugins stopped", nil
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
