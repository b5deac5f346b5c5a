package process

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestExitCodes(t *testing.T) {
	s := newStage(t)
	for _, code := range []int{0, 1, 3, 255} {
		e := s.start(s.spec("exit", fmt.Sprint(code))).Exit()
		if e.Code != code || e.Signal != 0 || e.Unknown || e.String() != fmt.Sprintf("exit status %d", code) {
			t.Errorf("exit %d: got %+v, %q", code, e, e)
		}
		if e.Ended.Before(e.Started) || e.MaxRSS <= 0 || e.User+e.System <= 0 {
			t.Errorf("usage is missing: %+v", e)
		}
	}
}

func TestSignals(t *testing.T) {
	s := newStage(t)
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGKILL, unix.SIGHUP} {
		if signal.Ignored(sig) {
			continue // by nohup, say; a child inherits that
		}
		p, reports := s.startReporting(s.spec("pause"))
		reports.line()
		if err := p.Signal(sig); err != nil {
			t.Fatal(err)
		}
		e := p.Exit()
		if e.Code != -1 || e.Signal != sig || e.OutOfMemory || e.String() != "killed by "+unix.SignalName(sig) {
			t.Errorf("%v: got %+v, %q", sig, e, e)
		}
		s.wantErr(p.Signal(sig), os.ErrProcessDone)
		if err := p.KillTree(); err != nil {
			t.Errorf("killing what has ended: %v", err)
		}
	}
}

func TestExitString(t *testing.T) {
	for want, e := range map[string]Exit{
		"exit status 3":                                     {Code: 3},
		"killed by SIGKILL":                                 {Code: -1, Signal: unix.SIGKILL},
		"killed by signal 60":                               {Code: -1, Signal: 60},
		"killed by SIGSEGV (core dumped)":                   {Code: -1, Signal: unix.SIGSEGV, CoreDumped: true},
		"killed by SIGKILL (the machine ran out of memory)": {Signal: unix.SIGKILL, OutOfMemory: true},
		"ended, its exit status was collected by other code in this program": {Code: -1, Unknown: true},
	} {
		if e.String() != want {
			t.Errorf("%+v is %q, want %q", e, e, want)
		}
	}
}

// TestStolenStatus reaps the child behind the owner's back, as a host does
// that plays init in a container.
func TestStolenStatus(t *testing.T) {
	s := newStage(t)
	p, reports := s.startReporting(s.spec("tree"))
	tree := reports.watch()
	stolen := make(chan error)
	go func() {
		_, err := unix.Wait4(p.Pid(), nil, 0, nil)
		stolen <- err
	}()
	p.Signal(unix.SIGKILL)
	if err, e := <-stolen, p.Exit(); (err == nil) != e.Unknown {
		t.Errorf("thief got %v, owner %+v", err, e)
	}
	s.expectEnded(tree)
}

func TestEnvironmentIsExact(t *testing.T) {
	s := newStage(t)
	_, reports := s.startReporting(s.spec("env"))
	got, mark, _ := strings.Cut(reports.line(), "|"+TreeVar+"=")
	if want := strings.Join(s.env("env"), "|"); got != want || len(mark) != len(newMark()) {
		t.Errorf("environment %q, want %q", got, want)
	}
}

func TestDescriptors(t *testing.T) {
	s := newStage(t)
	s.start(s.spec("pause")) // its guard and pidfd must not get into the next
	spec := s.spec("fds")
	spec.Extra = []*os.File{nil, os.Stderr}
	_, reports := s.startReporting(spec)
	want := []any{0, 1, 2, 3, 5}
	for fd := 6; fd < 64; fd++ { // what was passed on to the test itself
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			want = append(want, fd)
		}
	}
	if got := reports.line(); got != strings.TrimSpace(fmt.Sprintln(want...)) {
		t.Errorf("the child has descriptors %s, want %v", got, want)
	}
}

func TestSpecIsNotChanged(t *testing.T) {
	s := newStage(t)
	spec := s.spec("exit", "0")
	spec.Group = GroupShared
	spec.Env = append(spec.Env, TreeVar+"=outer")
	spec.SysProcAttr = &syscall.SysProcAttr{}
	before := append([]string{}, spec.Env...)
	s.start(spec).Exit()
	if !reflect.DeepEqual(before, spec.Env) || !reflect.DeepEqual(*spec.SysProcAttr, syscall.SysProcAttr{}) {
		t.Errorf("changed: %v %+v", spec.Env, spec.SysProcAttr)
	}
}

func TestSocketpair(t *testing.T) {
	s := newStage(t)
	parent, child, err := Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	spec := s.spec("echo")
	spec.Extra = []*os.File{child}
	p := s.start(spec)
	child.Close()
	parent.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(parent, "hello")
	buf := make([]byte, 5)
	if _, err := io.ReadFull(parent, buf); err != nil || string(buf) != "hello" {
		t.Errorf("got %q, %v", buf, err)
	}
	p.Signal(unix.SIGKILL)
	if _, err := parent.Read(buf); err != io.EOF {
		t.Errorf("after the child's death: %v, want EOF", err)
	}
}

func TestInheritedRefuses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	udp, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	tcp, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	lone, _ := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	for _, fd := range []int{udp, tcp, lone} {
		defer unix.Close(fd)
	}
	for fd, want := range map[int]string{
		9999: "is not open", int(r.Fd()): "is not a socket", udp: "is not a stream socket",
		tcp: "is not a unix socket", lone: "is not connected",
	} {
		if _, err := Inherited(fd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("descriptor %d: %v, want %q", fd, err, want)
		}
	}
}

func TestInheritedIsNotPassedOn(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[1])
	f, err := Inherited(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flags, _ := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0)
	status, _ := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFL, 0)
	if flags&unix.FD_CLOEXEC == 0 || status&unix.O_NONBLOCK == 0 {
		t.Errorf("flags %#x, status %#x", flags, status)
	}
}

// TestThreadsComeAndGo: the parent-death signal is tied to the thread that
// forks, so a child must not be forked by the thread of whoever calls Start.
func TestThreadsComeAndGo(t *testing.T) {
	s := newStage(t)
	parent, child, err := Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Close()
	spec := s.spec("echo")
	spec.Extra = []*os.File{child}
	tid := make(chan int)
	var p *Process
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with us
		p, err = Start(spec)
		tid <- unix.Gettid()
	}()
	thread := fmt.Sprintf("/proc/self/task/%d", <-tid)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { p.KillTree(); await(t, p.Done()) }()
	child.Close()
	if !strings.HasSuffix(thread, fmt.Sprint("/", os.Getpid())) { // the main thread never goes
		eventually(t, "the thread ends", func() bool { _, err := os.Stat(thread); return err != nil })
	}
	parent.SetDeadline(time.Now().Add(patience))
	fmt.Fprint(parent, "x")
	if _, err := io.ReadFull(parent, make([]byte, 1)); err != nil {
		t.Errorf("the child did not survive the thread: %v", err)
	}
}

func TestNothingLeaks(t *testing.T) {
	s := newStage(t)
	cycle := func() {
		p := s.startQuick()
		<-p.Done()
	}
	for range 50 {
		cycle()
	}
	fds, tasks, goroutines := openFds(t), threads(t), runtime.NumGoroutine()
	for range 1000 {
		cycle()
		if _, err := Start(Spec{Path: "/does/not/exist"}); err == nil {
			t.Fatal("started what does not exist")
		}
	}
	eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	if n := openFds(t); n != fds {
		t.Errorf("%d descriptors, %d before", n, fds)
	}
	if n := threads(t); n > tasks+4 { // the runtime may add some at any time
		t.Errorf("%d threads, %d before", n, tasks)
	}
}

// startQuick starts something that ends by itself, and needs no clearing up.
func (s stage) startQuick() *Process {
	s.Helper()
	p, err := Start(Spec{Path: "/bin/true", Env: s.env("")})
	if err != nil {
		s.Fatal(err)
	}
	return p
}

func TestConcurrentStarts(t *testing.T) {
	s := newStage(t)
	fds := openFds(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				p, err := Start(s.spec("exit", fmt.Sprint(i+j)))
				if err != nil {
					t.Error(err)
					return
				}
				go p.Signal(unix.SIGCONT)
				if j%4 == 0 {
					go p.KillTree()
				}
				if e := p.Exit(); e.Code != i+j && e.Signal != unix.SIGKILL {
					t.Errorf("got %v", e)
				}
			}
		})
	}
	group.Wait()
	eventually(t, "descriptors are closed", func() bool { return openFds(t) == fds })
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p, err := Start(Spec{Path: "/bin/true"})
		if err != nil {
			b.Fatal(err)
		}
		<-p.Done()
	}
}

func BenchmarkStartPlain(b *testing.B) {
	for b.Loop() {
		p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{Env: []string{}})
		if err != nil {
			b.Fatal(err)
		}
		p.Wait()
	}
}
