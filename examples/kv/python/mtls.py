"""Connections that plugin and host make to each other, with AutoMTLS if there is an identity: each
side makes a certificate for one start, and trusts the other's, and no other."""

import datetime

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAME = "localhost"  # is what all sides verify


class Identity:
    """A key, and its certificate as PEM and as DER."""

    def __init__(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
        now, serial = datetime.datetime.now(datetime.timezone.utc), x509.random_serial_number()
        begin, end = now - datetime.timedelta(minutes=1), now + datetime.timedelta(days=3650)
        builder = x509.CertificateBuilder(name, name, key.public_key(), serial, begin, end)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), False)
        certificate = builder.sign(key, hashes.SHA256())
        pem, self.der = serialization.Encoding.PEM, certificate.public_bytes(serialization.Encoding.DER)
        form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key, self.pem = key.private_bytes(pem, form, secret), certificate.public_bytes(pem)


def channel(target, own, trust, options=()):
    """A channel to a target that shows the certificate trust, or to any without an identity."""
    if not own:
        return grpc.aio.insecure_channel(target, options)
    credentials = grpc.ssl_channel_credentials(trust.encode(), own.key, own.pem)
    named = [*options, ("grpc.ssl_target_name_override", NAME)]
    return grpc.aio.secure_channel(target, credentials, named)


def listen(server, target, own, trust):
    """Has a server listen for who shows the certificate trust, or for all without an identity."""
    if not own:
        return server.add_insecure_port(target)
    pair = [(own.key, own.pem)]
    return server.add_secure_port(target, grpc.ssl_server_credentials(pair, trust.encode(), True))
