package grpcplug

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
)

const (
	unixNetwork = "unix"
	tcpNetwork  = "tcp"
)

// A place is where one side's listeners are.
type place struct {
	network          string
	dir              string // for sockets
	group            string
	minPort, maxPort int

	mu      sync.Mutex
	private string // the directory that was made, to be removed
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

// longest is the longest directory in which a socket has a path that the system
// accepts, go-plugin's name for it included.
const longest = 80

// makePrivate makes a directory that nobody else can enter, but for a group.
func makePrivate(parent, group string) (string, error) {
	dir, err := os.MkdirTemp(parent, "tenon-")
	if err == nil && parent == "" && len(dir) > longest {
		os.Remove(dir)
		dir, err = os.MkdirTemp("/tmp", "tenon-")
	}
	if err == nil && len(dir) > longest {
		os.Remove(dir)
		err = fmt.Errorf("%s is longer than %d bytes", dir, longest)
	}
	if err == nil && group != "" {
		if err = giveTo(dir, group, 0o770); err != nil {
			os.Remove(dir)
		}
	}
	if err != nil {
		return "", &Error{Problem: NoSocket, What: parent, Err: err}
	}
	return dir, nil
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

// directory returns the directory for sockets, and makes one if the host has
// named none.
func (p *place) directory() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dir == "" && p.private == "" {
		var err error
		if p.private, err = makePrivate("", p.group); err != nil {
			return "", err
		}
	}
	if p.private != "" {
		return p.private, nil
	}
	return p.dir, nil
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

// remove removes what was made for the listeners.
func (p *place) remove() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.private != "" {
		os.RemoveAll(p.private)
	}
}

func randomName() string {
	var b [6]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

var errNoGroup = errors.New("there is no such group")

// giveTo gives a file to a group, by its name or number.
func giveTo(path, group string, mode os.FileMode) error {
	id, err := strconv.Atoi(group)
	if err != nil {
		g, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("group %q: %w: %w", group, errNoGroup, err)
		}
		if id, err = strconv.Atoi(g.Gid); err != nil {
			return fmt.Errorf("group %q: %w", group, err)
		}
	}
	if err := os.Chown(path, -1, id); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}
