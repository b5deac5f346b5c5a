package handshake

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tenon-go/tenon"
)

// Bounds of what is in a hello.
const (
	maxName     = 256
	maxCookie   = 4096
	maxText     = 64 << 10
	maxVersions = 256
	maxVersion  = math.MaxInt32
	maxServices = 1024
	maxMethods  = 4096
	maxFeatures = 256
)

// A HelloError says that an offer or an answer is malformed.
type HelloError struct {
	Message string // "hello", "offer" or "answer"
	Field   string // as PROTOCOL.md names it; empty if the message can't be read at all
	Problem string
	Err     error // a *LimitError, if that is the problem
}

// Error names the message, the field and the problem.
func (e *HelloError) Error() string {
	if e.Field == "" {
		return "the " + e.Message + " is malformed: " + e.Problem
	}
	return "the " + e.Message + " is malformed: " + e.Field + ": " + e.Problem
}

// Unwrap returns Err.
func (e *HelloError) Unwrap() error { return e.Err }

func tooLong(n, most int) string {
	return strconv.Itoa(n) + " bytes, more than " + strconv.Itoa(most)
}

// A Service is what one side offers to be called.
type Service struct {
	Name    string
	Methods []string

	// Versions are the app's versions in which it is offered, the highest
	// first; empty means in each. Only offers have them: an answer is for one.
	Versions []int
}

// checker keeps the first thing that is wrong with a message.
type checker struct {
	message string
	err     *HelloError
	sub     tenon.Message // what is nested; nothing is nested deeper
}

func (c *checker) fail(field, problem string) {
	if c.err == nil {
		c.err = &HelloError{Message: c.message, Field: field, Problem: problem}
	}
}

func (c *checker) text(field, s string, most int) {
	switch {
	case len(s) > most:
		c.fail(field, tooLong(len(s), most))
	case !utf8.ValidString(s):
		c.fail(field, "not valid UTF-8")
	}
}

func (c *checker) name(field, s string) {
	if s == "" {
		c.fail(field, "empty")
	}
	c.text(field, s, maxName)
}

func (c *checker) count(field string, n, most int) {
	if n > most {
		c.fail(field, fmt.Sprintf("more than %d", most))
	}
}

// versions returns list in order, the highest first and each once.
func (c *checker) versions(field string, list []int) []int {
	c.count(field, len(list), maxVersions)
	for _, v := range list {
		if v < 1 || v > maxVersion {
			c.fail(field, strconv.Itoa(v)+" is not a version: they are from 1 to "+strconv.Itoa(maxVersion))
		}
	}
	return descending(list)
}

func descending(list []int) []int {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	slices.Reverse(list)
	return slices.Compact(list)
}

func (c *checker) features(list []string) []string {
	c.count("features", len(list), maxFeatures)
	var once []string
	for _, f := range list {
		c.name("features", f)
		if !slices.Contains(once, f) {
			once = append(once, f)
		}
	}
	return once
}

func (c *checker) services(list []Service) []Service {
	c.count("services", len(list), maxServices)
	type place struct {
		name    string
		version int
	}
	names, places := map[string]bool{}, map[place]bool{}
	var out []Service
	for _, s := range list {
		c.name("services.name", s.Name)
		c.methods(s)
		s.Versions = c.versions("services.versions", s.Versions)
		where := s.Versions
		if len(where) == 0 {
			where = []int{0} // every version
		}
		for _, v := range where {
			if places[place{s.Name, v}] || places[place{s.Name, 0}] || v == 0 && names[s.Name] {
				c.fail("services", strconv.Quote(s.Name)+" is there twice for the same version")
			}
			places[place{s.Name, v}] = true
		}
		names[s.Name] = true
		out = append(out, s)
	}
	return out
}

func (c *checker) methods(s Service) {
	c.count("services.methods", len(s.Methods), maxMethods)
	seen := make(map[string]bool, min(len(s.Methods), maxMethods))
	for _, m := range s.Methods {
		c.name("services.methods", m)
		if seen[m] {
			c.fail("services.methods", strconv.Quote(s.Name+"."+m)+" is there twice")
		}
		seen[m] = true
	}
}

func (c *checker) limits(l tenon.Limits) tenon.Limits {
	out, err := CheckLimits(l)
	if err != nil && c.err == nil {
		c.err = &HelloError{Message: c.message, Field: "limits", Problem: err.Error(), Err: err}
	}
	return out
}

// pid returns 0 for what can't be one. It is for messages only: whom to signal
// a host knows from having started it.
func pid(n int64) int {
	if n < 0 || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// ---- writing

func writeText(m *tenon.Message, field int32, s string) {
	if s != "" {
		m.WriteString(field, s)
	}
}

func writeInt(m *tenon.Message, field int32, v int64) {
	if v != 0 {
		m.WriteInt(field, v)
	}
}

func writeTexts(m *tenon.Message, field int32, list []string) {
	for _, s := range list {
		m.WriteString(field, s)
	}
}

func writeVersions(m *tenon.Message, field int32, list []int) {
	if len(list) == 0 {
		return
	}
	mark := m.Begin(field)
	for _, v := range list {
		var varint [binary.MaxVarintLen64]byte
		m.WriteRaw(varint[:binary.PutUvarint(varint[:], uint64(v))])
	}
	m.End(mark)
}

func writeServices(m *tenon.Message, field int32, list []Service) {
	for _, s := range list {
		mark := m.Begin(field)
		writeText(m, 1, s.Name)
		writeTexts(m, 2, s.Methods)
		writeVersions(m, 3, s.Versions)
		m.End(mark)
	}
}

func writeLimits(m *tenon.Message, field int32, l tenon.Limits) {
	mark := m.Begin(field)
	writeInt(m, 1, l.Message)
	writeInt(m, 2, int64(l.Window))
	writeInt(m, 3, l.Large)
	writeInt(m, 4, int64(l.Calls))
	writeInt(m, 5, int64(l.Refs))
	m.End(mark)
}

// finish appends what m holds to buf.
func finish(c *checker, m *tenon.Message, buf []byte) ([]byte, error) {
	if m.Len() > MaxBody {
		c.fail("", tooLong(m.Len(), MaxBody))
	}
	if err := m.Err(); err != nil {
		c.fail("", err.Error())
	}
	if c.err != nil {
		return buf, c.err
	}
	return append(buf, m.Raw()...), nil
}

// ---- reading

// read calls field for each field of body until something is wrong.
func (c *checker) read(m *tenon.Message, field func()) {
	if m.Len() > MaxBody {
		c.fail("", tooLong(m.Len(), MaxBody))
	}
	for c.err == nil && m.Next() {
		field()
	}
	if err := m.Err(); err != nil {
		c.fail("", strings.TrimPrefix(err.Error(), "malformed message "))
	}
}

// nested reads the current field of m as a message.
func (c *checker) nested(m *tenon.Message, field func(sub *tenon.Message)) {
	m.ReadMessage(&c.sub)
	for c.err == nil && c.sub.Next() {
		field(&c.sub)
	}
	m.Check(&c.sub)
}

// readText appends the current field to list, of which it bounds the length
// before there is more to hold than to complain about.
func (c *checker) readText(m *tenon.Message, field string, list []string, most int) []string {
	c.count(field, len(list)+1, most)
	return append(list, m.ReadString())
}

// readVersions appends the current field to list, whether it is packed or not:
// protobuf wants parsers to take both.
func (c *checker) readVersions(m *tenon.Message, field string, list []int) []int {
	before := *m
	one := m.ReadUint()
	if m.Err() == nil {
		return c.addVersion(field, list, one)
	}
	*m = before
	packed := m.ReadView()
	for len(packed) > 0 && c.err == nil {
		v, n := binary.Uvarint(packed)
		if n <= 0 {
			c.fail(field, "not a list of varints")
			break
		}
		list, packed = c.addVersion(field, list, v), packed[n:]
	}
	return list
}

func (c *checker) addVersion(field string, list []int, v uint64) []int {
	c.count(field, len(list)+1, maxVersions)
	if v < 1 || v > maxVersion {
		c.fail(field, strconv.FormatInt(int64(v), 10)+" is not a version: they are from 1 to "+strconv.Itoa(maxVersion))
		return list
	}
	return append(list, int(v))
}

func (c *checker) readService(m *tenon.Message, list []Service) []Service {
	c.count("services", len(list)+1, maxServices)
	var s Service
	c.nested(m, func(sub *tenon.Message) {
		switch sub.Field() {
		case 1:
			s.Name = sub.ReadString()
		case 2:
			s.Methods = c.readText(sub, "services.methods", s.Methods, maxMethods)
		case 3:
			s.Versions = c.readVersions(sub, "services.versions", s.Versions)
		}
	})
	return append(list, s)
}

func (c *checker) readLimits(m *tenon.Message, l *tenon.Limits) {
	c.nested(m, func(sub *tenon.Message) {
		switch sub.Field() {
		case 1:
			l.Message = sub.ReadInt()
		case 2:
			l.Window = toInt(sub.ReadInt())
		case 3:
			l.Large = sub.ReadInt()
		case 4:
			l.Calls = toInt(sub.ReadInt())
		case 5:
			l.Refs = toInt(sub.ReadInt())
		}
	})
}

// toInt keeps a number that an int of 32 bits has no room for what it is here:
// too large, or negative.
func toInt(v int64) int { return int(max(min(v, math.MaxInt32), math.MinInt32)) }
