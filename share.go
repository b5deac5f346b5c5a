package tenon

// Short strings in a run of fields that Count has counted share memory: a piece of
// the message is copied as a whole, and they are parts of it. To allocate each
// would cost more than all else that reading it does.
//
// The price is what one string that is kept can keep from being freed, which is
// sharedText bytes, and what is copied between the strings: it is not done where
// they have been less than two fifths of the bytes. All pieces of a message
// together are hardly more than the message.
const (
	manyFields = 4
	shortText  = 32
	sharedText = 512
)

// share returns the n bytes at a position of the run, behind what is shared, as a
// string.
func (m *Message) share(at, n int) string {
	if n > shortText {
		return string(m.buf[at : at+n])
	}
	m.texts += n
	// What the rest of the run is like is not known before the second string.
	if m.texts == n || 5*m.texts < 2*(at+n-m.from) {
		return string(m.buf[at : at+n])
	}
	end := max(min(at+sharedText, m.run), at+n) // in a nested message it is behind the end of buf
	m.shared, m.sharedAt = string(m.buf[at:end]), at
	return m.shared[:n]
}
