"""Listeners of a test broker that want a password (SASL), encrypt (TLS) or both, beside the plain
one: certificates made by openssl, one user."""

import subprocess

import packages
from servers import ServerError

USER, PASSWORD = "velo", "velo-test-password"
MECHANISM = "SCRAM-SHA-256"  # beside PLAIN
LISTENERS = {"sasl_plaintext": "SASL_PLAINTEXT", "ssl": "SSL", "sasl_ssl": "SASL_SSL"}


def wanted(sasl, tls):
    """The protocols to listen for, as `tools/kafka start` names their addresses."""
    return [
        name
        for name, needs in [
            ("sasl_plaintext", sasl),
            ("ssl", tls),
            ("sasl_ssl", sasl and tls),
        ]
        if needs
    ]


def properties(ports, folder):
    """Lines of server.properties for listeners {protocol: port}, with `folder`'s certificates."""
    login = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'user_{USER}="{PASSWORD}";'
    )
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    lines = []
    for protocol in ports:
        if protocol.startswith("sasl"):
            name = f"listener.name.{protocol}"
            lines += [
                f"{name}.sasl.enabled.mechanisms=PLAIN,{MECHANISM}",
                f"{name}.plain.sasl.jaas.config={login}",
                f"{name}.{MECHANISM.lower()}.sasl.jaas.config={scram}",
            ]
        if protocol.endswith("ssl"):
            name = f"listener.name.{protocol}"
            lines += [
                f"{name}.ssl.keystore.type=PEM",
                f"{name}.ssl.keystore.location={folder / 'server.pem'}",
                f"{name}.ssl.truststore.type=PEM",
                f"{name}.ssl.truststore.location={folder / 'ca.pem'}",
            ]
    return lines


def openssl(*arguments):
    program = packages.need("openssl", "apt-get install openssl")
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ServerError(f"openssl made no certificate: {done.stderr.strip()}")


def make_certificates(folder):
    """ca.pem: an authority of its own; server.pem: key and certificate of 127.0.0.1 from it."""
    folder.mkdir(parents=True)
    key = ["-newkey", "rsa:2048", "-nodes"]
    openssl(
        *["req", "-x509", *key, "-days", 30, "-subj", "/CN=velo test authority"],
        *["-keyout", folder / "ca.key", "-out", folder / "ca.pem"],
    )
    openssl(
        *["req", *key, "-subj", "/CN=127.0.0.1"],
        *["-keyout", folder / "server.key", "-out", folder / "server.csr"],
    )
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl(
        *["x509", "-req", "-in", folder / "server.csr", "-days", 30, "-extfile", names],
        *["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial"],
        *["-out", folder / "server.crt"],
    )
    parts = [(folder / name).read_text() for name in ("server.key", "server.crt", "ca.pem")]
    (folder / "server.pem").write_text("".join(parts))
