package tenon

// WriteRef exports s to the other side and writes the ref to it as a field.
// The other side can use it until the call ends, or, if it is kept, until it
// releases it; see [Ref]. A service without a Server writes nothing: that is
// how nil crosses.
func (m *Message) WriteRef(num int32, s Service, kept bool) {
	if s.Server == nil {
		return
	}
	if m.refs == nil {
		m.fail(errNoRefs)
		return
	}
	id, err := m.refs.Export(s, kept)
	if err != nil {
		m.fail(err)
		return
	}
	m.writeRef(num, id, kept, false)
}

// WriteHome writes r as a field if r lives on the side that the message goes
// to, so that it arrives there as the value that it stands for, and reports
// whether it did.
func (m *Message) WriteHome(num int32, r *Ref) bool {
	if r == nil || m.refs == nil || !m.refs.Home(r) {
		return false
	}
	m.writeRef(num, r.id, false, true)
	return true
}

func (m *Message) writeRef(num int32, id uint64, kept, home bool) {
	mark := m.Begin(num)
	m.WriteUint(1, id)
	if kept {
		m.WriteBool(2, true)
	}
	if home {
		m.WriteBool(3, true)
	}
	m.End(mark)
}

// ReadRef reads the current field as a ref to something that fulfils c. If it
// lives on the other side, the first result is the ref; if it has come home,
// the second is what this side had exported. Both are nil if the message is
// malformed.
func (m *Message) ReadRef(c *Contract) (*Ref, *Service) {
	var id uint64
	var kept, home bool
	mark := m.Enter()
	for m.Next() {
		switch m.Field() {
		case 1:
			id = m.ReadUint()
		case 2:
			kept = m.ReadBool()
		case 3:
			home = m.ReadBool()
		}
	}
	m.Leave(mark)
	if m.err == nil && m.refs == nil {
		m.fail(errNoRefs)
	}
	if m.err != nil {
		return nil, nil
	}
	var ref *Ref
	var own *Service
	var err error
	if home {
		own, err = m.refs.Return(id, c)
	} else {
		ref, err = m.refs.Import(id, c, kept)
	}
	if err != nil {
		m.fail(err)
	}
	return ref, own
}
