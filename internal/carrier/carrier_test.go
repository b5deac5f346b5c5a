package carrier

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	before := sockets()
	code := m.Run()
	for end := time.Now().Add(5 * time.Second); code == 0 && (stray() || sockets() > before); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			fmt.Println("goroutines or sockets are left behind:", sockets()-before)
			code = 1
		}
		runtime.GC()
	}
	os.Exit(code)
}

// stray reports whether a goroutine of this package is left besides this one.
func stray() bool {
	buf := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "tenon/internal/carrier") && !strings.Contains(stack, "TestMain") {
			return true
		}
	}
	return false
}

func sockets() (n int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// onEach runs f with both ends of each kind of carrier.
func onEach(t *testing.T, f func(t *testing.T, a, b Carrier)) {
	for name, link := range kinds {
		t.Run(name, func(t *testing.T) {
			a, b := link(t)
			defer a.Close()
			defer b.Close()
			f(t, a, b)
		})
	}
}

var kinds = map[string]func(t *testing.T) (a, b Carrier){
	"pipe":       func(*testing.T) (a, b Carrier) { return Pipe(64 << 10) },
	"small pipe": func(*testing.T) (a, b Carrier) { return Pipe(7) },
}

func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s hangs", what)
	}
}

// Whatever is written arrives, in order, whatever sizes are written and read and
// however often both sides are interrupted.
func TestEverythingArrives(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		total := 1 << 20
		if strings.Contains(t.Name(), "small") {
			total = 1 << 13
		}
		all := make([]byte, total)
		rand.New(rand.NewSource(1)).Read(all)
		var both sync.WaitGroup
		stop := make(chan struct{})
		both.Go(func() { write(t, a, all); a.Close() })
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					a.InterruptWrite()
					b.Interrupt()
					time.Sleep(50 * time.Microsecond)
				}
			}
		}()
		var got []byte
		within(t, "reading", func() { got = read(t, b) })
		close(stop)
		both.Wait()
		if !bytes.Equal(got, all) {
			t.Fatalf("%d bytes arrived of %d", len(got), total)
		}
	})
}

func write(t *testing.T, c Carrier, all []byte) {
	r := rand.New(rand.NewSource(2))
	for len(all) > 0 {
		x := all[:r.Intn(min(len(all), 100_000)+1)]
		y := all[len(x):][:r.Intn(min(len(all)-len(x), 100_000)+1)]
		var n int
		var err error
		if r.Intn(2) == 0 {
			n, err = c.TryWrite(x, y)
		} else {
			n, err = c.Write(x, y)
			if err == nil && n != len(x)+len(y) {
				t.Errorf("%d bytes written of %d, and no error", n, len(x)+len(y))
			}
		}
		if err != nil && err != ErrInterrupted {
			t.Error(err)
			return
		}
		all = all[n:]
	}
}

func read(t *testing.T, c Carrier) (got []byte) {
	r := rand.New(rand.NewSource(3))
	for {
		buf := make([]byte, 1+r.Intn(100_000))
		n, err := c.Read(buf, r.Intn(2) == 0)
		got = append(got, buf[:n]...)
		switch {
		case err == io.EOF:
			return got
		case err == ErrInterrupted:
		case err != nil:
			t.Error(err)
			return got
		case n == 0:
			t.Error("nothing was read, and no error")
			return got
		}
	}
}

func TestInterrupt(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		var buf [1]byte
		for _, early := range []bool{true, false} {
			for range 100 {
				if early {
					b.Interrupt()
				} else {
					time.AfterFunc(100*time.Microsecond, b.Interrupt)
				}
				within(t, "an interrupted Read", func() {
					if n, err := b.Read(buf[:], false); n != 0 || err != ErrInterrupted {
						t.Error(n, err)
					}
				})
			}
		}
		// It loses nothing.
		a.Write([]byte("x"), nil)
		b.Interrupt()
		got := 0
		for range 2 {
			n, _ := b.Read(buf[:], false)
			if got += n; got == 1 {
				break
			}
		}
		if got != 1 || buf[0] != 'x' {
			t.Error("a byte is lost")
		}
	})
}

func TestInterruptWrite(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		for range 20 {
			time.AfterFunc(200*time.Microsecond, a.InterruptWrite)
			within(t, "an interrupted Write", func() {
				if n, err := a.Write(make([]byte, 10<<20), nil); err != ErrInterrupted || n == 10<<20 {
					t.Error(n, err)
				}
			})
		}
		// An interruption that comes too late harms nobody who does not wait.
		a.InterruptWrite()
		if n, err := a.TryWrite(make([]byte, 10<<20), nil); n == 10<<20 || err != nil {
			t.Error("into a full carrier:", n, err)
		}
	})
}

func TestTryWriteDoesNotWait(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		within(t, "TryWrite", func() {
			n, err := a.TryWrite(make([]byte, 5<<20), make([]byte, 5<<20))
			if n == 0 || n == 10<<20 || err != nil {
				t.Error(n, err)
			}
			if n, err := a.TryWrite([]byte("x"), []byte("y")); n != 0 || err != nil {
				t.Error(n, err)
			}
			if n, err := a.TryWrite(nil, nil); n != 0 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// The other end gets what was written, and then io.EOF; this one os.ErrClosed.
func TestClose(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		a.Write([]byte("last"), nil)
		b.Write([]byte("unread"), nil)
		a.Close()
		a.Close()
		var buf [10]byte
		got := ""
		within(t, "reading to the end", func() {
			for {
				n, err := b.Read(buf[:], true)
				got += string(buf[:n])
				if err == io.EOF {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
		if got != "last" {
			t.Errorf("%q", got)
		}
		if _, err := a.Read(buf[:], false); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		if _, err := a.Write([]byte("x"), nil); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		if _, err := b.Write([]byte("x"), nil); err == nil {
			t.Error("written to nobody")
		}
	})
}

func TestCloseEndsWaiting(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		errs := make(chan error, 2)
		go func() { _, err := a.Read(make([]byte, 1), false); errs <- err }()
		go func() { _, err := a.Write(make([]byte, 10<<20), nil); errs <- err }()
		time.Sleep(time.Millisecond)
		a.Close()
		for range 2 {
			select {
			case err := <-errs:
				if !errors.Is(err, os.ErrClosed) {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("hangs")
			}
		}
	})
}

// The other end's Close ends a Write that waits.
func TestOtherCloseEndsWrite(t *testing.T) {
	onEach(t, func(t *testing.T, a, b Carrier) {
		time.AfterFunc(time.Millisecond, func() { b.Close() })
		within(t, "Write", func() {
			if _, err := a.Write(make([]byte, 10<<20), nil); err == nil || err == ErrInterrupted {
				t.Error(err)
			}
		})
	})
}
