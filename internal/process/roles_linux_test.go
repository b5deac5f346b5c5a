package process

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is its own child, grandchild and host: TEST_ROLE says which.
const roleVar, idVar = "TEST_ROLE", "TEST_ID"

// roles are what the binary can be. Descriptor 3 is where they report to, one
// line with the pids that a test has to know; descriptor 4 is a host's socket.
var roles = map[string]func(args []string){
	"pause":    func([]string) { report(os.Getpid()); pause() },
	"exit":     func(args []string) { n, _ := strconv.Atoi(args[0]); os.Exit(n) },
	"env":      func([]string) { fmt.Fprintln(os.NewFile(3, ""), strings.Join(os.Environ(), "|")) },
	"tree":     roleTree,
	"sdk":      roleSDK,
	"host":     roleHost,
	"ask":      roleAsk,
	"askhost":  roleAskHost,
	"fds":      roleFds,
	"echo":     roleEcho,
	"closeall": roleCloseAll,
	"jobs":     roleJobs,
	"traceme":  roleTraceMe,
	"threads":  roleThreads,

	"container": roleContainer,
}

func TestMain(m *testing.M) {
	if role, ok := os.LookupEnv(roleVar); ok {
		roles[role](os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// pause waits for a signal that ends the process. Others only interrupt it.
func pause() {
	for {
		unix.Pause()
	}
}

func report(values ...any) { fmt.Fprintln(os.NewFile(3, "report"), values...) }

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "test role:", err)
		os.Exit(99)
	}
	return v
}

// roleEnv is this process's environment with another role.
func roleEnv(role string) []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, roleVar+"=") })
	return append(env, roleVar+"="+role)
}

// spawn starts a grandchild by plain means and waits until it runs.
func spawn(attr *syscall.SysProcAttr) int { return spawnIn(roleEnv("pause"), attr) }

func spawnIn(env []string, attr *syscall.SysProcAttr) int {
	r, w, err := os.Pipe()
	must(r, err)
	null := must(os.OpenFile(os.DevNull, os.O_RDWR, 0))
	// Stderr is passed on: whoever waits for its end of file waits for ever.
	proc := must(os.StartProcess("/proc/self/exe", []string{"grandchild"}, &os.ProcAttr{
		Env: env, Files: []*os.File{null, null, os.Stderr, w}, Sys: attr,
	}))
	w.Close()
	must(bufio.NewReader(r).ReadString('\n'))
	return proc.Pid
}

// roleTree has children: one as usual, others in a session or group of their own if
// asked.
func roleTree(args []string) {
	pids := []any{os.Getpid(), spawn(nil)}
	for _, arg := range args {
		switch arg {
		case "deaf":
			signal.Ignore(unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGCONT, unix.SIGPIPE)
		case "setsid":
			pids = append(pids, spawn(&syscall.SysProcAttr{Setsid: true}))
		case "group":
			pids = append(pids, spawn(&syscall.SysProcAttr{Setpgid: true}))
		case "unmarked":
			env := slices.DeleteFunc(roleEnv("pause"), func(s string) bool { return strings.HasPrefix(s, TreeVar+"=") })
			pids = append(pids, spawnIn(env, &syscall.SysProcAttr{Setsid: true}))
		}
	}
	report(pids...)
	pause()
}

const exitNoMount = 97

// roleContainer is the first process of a pid namespace, and runs a test in it.
func roleContainer([]string) {
	err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	if err == nil {
		err = unix.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitNoMount)
	}
	if session := must(unix.Getsid(0)); session != 0 {
		must(0, fmt.Errorf("the session is %d, not 0", session))
	}
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^TestSpareSessions$")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, roleVar+"=") })
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	must(0, cmd.Run())
}

// roleSDK does what the plugin's side of the SDK does.
func roleSDK(args []string) {
	if err := SurviveParent(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(98)
	}
	conn := must(Inherited(4))
	go func() {
		io.Copy(io.Discard, conn)
		KillOwnTree()
	}()
	roleTree(args)
}

// roleCloseAll lets go of everything that a parent could have left it.
func roleCloseAll([]string) {
	report(os.Getpid(), spawn(nil))
	unix.CloseRange(3, 1<<20, 0)
	pause()
}

// roleHost plays the host: group, then role or path, then arguments.
func roleHost(args []string) {
	parent, child, err := Socketpair()
	must(parent, err)
	spec := Spec{
		Path: "/proc/self/exe", Args: append([]string{"plugin"}, args[2:]...), Env: roleEnv(args[1]),
		Stdin: os.Stdin, Stderr: os.Stderr, Extra: []*os.File{os.NewFile(3, "report"), child},
	}
	switch args[0] {
	case "shared":
		spec.Group = GroupShared
	case "detached":
		spec.Detached = true
	}
	if strings.HasPrefix(args[1], "/") {
		spec.Path, spec.Args = args[1], args[1:]
	}
	must(Start(spec))
	report("started")
	child.Close()
	buf := make([]byte, 1)
	os.Stdin.Read(buf) // the end of file says: end by yourself
}

// roleAsk asks a question at the terminal, as ssh does for a password.
func roleAsk([]string) {
	tty := must(os.OpenFile("/dev/tty", os.O_RDWR, 0))
	fmt.Fprint(tty, "password: ")
	line := must(bufio.NewReader(tty).ReadString('\n'))
	report("answer", strings.TrimSpace(line))
}

// roleAskHost starts one that asks; its own stdin is a terminal.
func roleAskHost([]string) {
	p := must(Start(Spec{Path: "/proc/self/exe", Env: roleEnv("ask"), Stdin: os.Stdin, Stderr: os.Stderr,
		Extra: []*os.File{os.NewFile(3, "report")}}))
	if e := p.Exit(); e.Code != 0 {
		fmt.Fprintln(os.Stderr, "asking:", e)
	}
}

// roleFds lists the descriptors that it was started with.
func roleFds([]string) {
	var open []any
	for fd := range 64 {
		var st unix.Stat_t
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			if unix.Fstat(fd, &st) == nil {
				open = append(open, fd)
			}
		}
	}
	report(open...)
}

// roleEcho sends back what comes in on descriptor 3.
func roleEcho([]string) {
	conn := must(Inherited(3))
	io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
}

// roleJobs leaves a job in a group of its own behind and a daemon that has lost
// its parent, and exits when its stdin does.
func roleJobs([]string) {
	job := spawn(&syscall.SysProcAttr{Setpgid: true})
	r, w, err := os.Pipe()
	must(r, err)
	middle := must(os.StartProcess("/bin/sh", []string{"sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"},
		&os.ProcAttr{Files: []*os.File{nil, w, os.Stderr}}))
	w.Close()
	daemon := must(strconv.Atoi(strings.TrimSpace(must(bufio.NewReader(r).ReadString('\n')))))
	middle.Wait()
	for must(unix.Getpgid(daemon)) != daemon {
		time.Sleep(time.Millisecond)
	}
	report(os.Getpid(), job, daemon)
	io.Copy(io.Discard, os.Stdin)
}

// roleTraceMe makes the parent its tracer and stops, in the first thread or in
// another, in its own group or in its child's; the other threads run on.
func roleTraceMe(args []string) {
	sig := syscall.Signal(must(strconv.Atoi(args[1])))
	child := spawn(&syscall.SysProcAttr{Setpgid: true})
	if args[2] == "away" {
		must(0, unix.Setpgid(0, child))
	}
	report(os.Getpid(), child)
	traceMe := func() {
		runtime.LockOSThread()
		unix.RawSyscall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0)
		unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
		select {}
	}
	if args[0] == "first" {
		go func() { select {} }()
		traceMe()
	}
	go traceMe()
	pause()
}

func init() {
	if os.Getenv(roleVar) == "traceme" {
		runtime.LockOSThread() // main is the first thread
	}
}

// roleThreads has many threads.
func roleThreads(args []string) {
	n := must(strconv.Atoi(args[0]))
	debug.SetMaxThreads(n + 100)
	var running sync.WaitGroup
	running.Add(n)
	for range n {
		go func() {
			runtime.LockOSThread()
			running.Done()
			pause()
		}()
	}
	running.Wait()
	report(os.Getpid(), spawn(&syscall.SysProcAttr{Setsid: true}))
	pause()
}
