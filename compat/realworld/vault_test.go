package realworld

import "testing"

// TestVaultDatabase has a plugin of Vault's that is checked against a sum, and
// speaks TLS.
func TestVaultDatabase(t *testing.T) {
	pairs(t, "vault-host", "vault-plugin-database-redis", func(u use) {
		u.equal(u.run(0, "database", u.plugin), `type redis <nil>
without a port: unable to initialize: rpc error: code = Internal desc = failed to initialize: port cannot be empty
where nobody listens: unable to initialize: rpc error: code = Internal desc = failed to initialize: error verifying connection: dial tcp 127.0.0.1:1: connect: connection refused
unverified: 1 <nil>
a user fails: true
close <nil> exited true
`)
	})
}

// TestVaultAuth has a plugin of Vault's whose storage is in the host.
func TestVaultAuth(t *testing.T) {
	pairs(t, "vault-host", "vault-plugin-auth-jwt", func(u use) {
		u.equal(u.run(0, "auth", u.plugin), `type auth login without a token: [login oidc/auth_url oidc/callback]
update config: error parsing public key: data does not contain any valid public keys
stored [config role/] <nil>
issuer me
policies [water]
update login: error validating token: error verifying token signature: illegal base64 data at input byte 0
exited true
`)
	})
}
