package item

import "github.com/tenon-go/tenon"

// Encode writes v into m as what generated code sends: a field of a request.
func Encode(m *tenon.Message, v *Order) { writeOrder(m, 1, v) }

// Decode reads what Encode wrote.
func Decode(m *tenon.Message, v *Order) error {
	for m.Next() {
		switch m.Field() {
		case 1:
			readOrder(m, v)
		}
	}
	return m.Err()
}
