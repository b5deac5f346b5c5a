package realworld

import "testing"

// TestVaultDatabase has a plugin of Vault's that is checked against a sum, and
// speaks TLS.
func TestVaultDatabase(t *testing.T) {
	pairs(t, "vault-host", "vault-plugin-database-redis", func(u use) {
		u.equal(u.run(0, "database", u.plugin), ``)
	})
}

// TestVaultAuth has a plugin of Vault's whose storage is in the host.
func TestVaultAuth(t *testing.T) {
	pairs(t, "vault-host", "vault-plugin-auth-jwt", func(u use) {
		u.equal(u.run(0, "auth", u.plugin), ``)
	})
}
