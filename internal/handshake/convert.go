package handshake

import "github.com/tenon-go/tenon"

// Describe says of services what a hello says.
func Describe(services []tenon.Service) []Service {
	list := make([]Service, 0, len(services))
	for _, s := range services {
		list = append(list, Service{Name: s.Contract.Name, Methods: s.Offered()})
	}
	return list
}

// Offered returns the services of a hello with their methods.
func Offered(services []Service) map[string][]string {
	offered := make(map[string][]string, len(services))
	for _, s := range services {
		offered[s.Name] = s.Methods
	}
	return offered
}
