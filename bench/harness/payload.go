package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// headerSize is the part of a payload that differs from call to call, so that
// the answer to an earlier call doesn't pass for the answer to this one.
const headerSize = 8

// newPayload returns size bytes that are neither constant nor periodic in a
// power of two, so that a part that is lost, repeated or moved is noticed.
func newPayload(size int) []byte {
	p := make([]byte, max(size, headerSize))
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}

func number(p []byte, n uint64) { binary.LittleEndian.PutUint64(p, n) }

// Message makes the messages of a stream. The zero value is not usable.
type Message struct{ payload []byte }

// NewMessage returns a Message of size bytes, 8 at least.
func NewMessage(size int) Message { return Message{newPayload(size)} }

// Number returns the bytes of the nth message, valid until the next Number.
func (m Message) Number(n int) []byte {
	number(m.payload, uint64(n))
	return m.payload
}

// check compares an answer with what it has to be.
func check(got, want []byte) error {
	if len(got) != len(want) {
		return fmt.Errorf("wrong answer: %d bytes in place of %d", len(got), len(want))
	}
	if !bytes.Equal(got, want) {
		return errors.New("wrong answer: the bytes differ")
	}
	return nil
}

// Echo is what a plugin answers: the request itself. An empty request, which is
// never measured, is answered with the plugin's [Usage]; that way a target needs
// no second method for it.
func Echo(request []byte) []byte {
	if len(request) > 0 {
		return request
	}
	return ownUsage().encode()
}

// Usage is what a process has used since it started.
type Usage struct {
	Mallocs    uint64        // heap allocations
	PeakMemory uint64        // bytes resident at the peak, 0 if the system doesn't say
	Processor  time.Duration // of all threads, in the program and in the system
}

const usageSize = 24

func ownUsage() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Usage{Mallocs: m.Mallocs, PeakMemory: peakMemory(), Processor: processorTime()}
}

func (u Usage) encode() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, usageSize), u.Mallocs)
	b = binary.LittleEndian.AppendUint64(b, u.PeakMemory)
	return binary.LittleEndian.AppendUint64(b, uint64(u.Processor))
}

func decodeUsage(b []byte) (Usage, error) {
	if len(b) != usageSize {
		return Usage{}, fmt.Errorf("the plugin's usage has %d bytes in place of %d", len(b), usageSize)
	}
	return Usage{
		Mallocs:    binary.LittleEndian.Uint64(b),
		PeakMemory: binary.LittleEndian.Uint64(b[8:]),
		Processor:  time.Duration(binary.LittleEndian.Uint64(b[16:])),
	}, nil
}

// peakMemory reads VmHWM. Unlike getrusage's ru_maxrss it starts anew with the
// program, not with the parent that forked it.
func peakMemory() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(status, []byte("VmHWM:"))
	if !found {
		return 0
	}
	var kib uint64
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		return 0
	}
	return kib << 10
}

// processorTime is 0 if the system doesn't say.
func processorTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
