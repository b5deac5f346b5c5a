package grpcplug

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const (
	unixNetwork = "unix"
	tcpNetwork  = "tcp"
)

// A place is where one side's listeners are.
type place struct {
	network          string
	dir              string // for sockets; empty: a private one, made when it is needed
	parent           string // of that one; empty: that of temporary files
	group            string
	minPort, maxPort int

	mu      sync.Mutex
	private *private // the directory that was made, to be removed; nil if none was
	sweeps  sync.WaitGroup
}

// newPlace returns the place of a network, "" for the system's usual one.
func newPlace(network string, w wish) *place {
	if network == "" {
		network = unixNetwork
		if runtime.GOOS == "windows" {
			network = tcpNetwork
		}
	}
	return &place{network: network, dir: w.dir, group: w.group, minPort: w.minPort, maxPort: w.maxPort}
}

// listen returns a new listener. It removes its socket when it is closed.
func (p *place) listen() (net.Listener, error) {
	if p.network == tcpNetwork {
		return p.listenTCP()
	}
	dir, err := p.directory()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "plugin"+randomName())
	l, err := net.Listen(unixNetwork, path)
	if err == nil && p.group != "" {
		if err = giveTo(path, p.group, 0o660); err != nil {
			l.Close()
		}
	}
	if err != nil {
		return nil, &Error{Problem: NoSocket, What: path, Err: err}
	}
	return l, nil
}

// directory returns the directory for sockets, and makes one if none was named.
func (p *place) directory() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir != "" {
		return p.dir, nil
	}
	if p.private == nil {
		var err error
		if p.private, err = makePrivate(p.parent, p.group); err != nil {
			return "", err
		}
	}
	return p.private.path, nil
}

// listenTCP takes the first port of the range that is free.
func (p *place) listenTCP() (net.Listener, error) {
	var last error
	for port := p.minPort; port <= p.maxPort; port++ {
		l, err := net.Listen(tcpNetwork, "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, &Error{Problem: NoPort, What: fmt.Sprintf("%d to %d", p.minPort, p.maxPort), Err: last}
}

// sweep removes what others like this have left, on a goroutine of its own: a
// directory for temporary files may be large, and nobody waits for this.
func (p *place) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.private; d != nil {
		late := after(200 * time.Millisecond)
		p.sweeps.Go(func() { d.sweep(func() bool { return late() || d.leaving.Load() }) })
	}
}

// remove removes what was made for the listeners.
func (p *place) remove() {
	p.mu.Lock()
	d := p.private
	p.mu.Unlock()
	d.remove()
	p.sweeps.Wait()
}

func randomName() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

var errNoGroup = errors.New("there is no such group")

// giveTo gives a file to a group, by its name or number.
func giveTo(path, group string, mode os.FileMode) error {
	id, err := strconv.ParseUint(group, 10, 32)
	if err == nil && id == math.MaxUint32 {
		return fmt.Errorf("group %q: that number means none", group)
	}
	if err != nil {
		g, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("group %q: %w: %w", group, errNoGroup, err)
		}
		if id, err = strconv.ParseUint(g.Gid, 10, 32); err != nil {
			return fmt.Errorf("group %q: %w", group, err)
		}
	}
	if err := os.Chown(path, -1, int(id)); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
