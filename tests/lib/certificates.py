"""Certificates by which clients sign in, made by the openssl command (XEP-0178)."""
import subprocess

XMPP_ADDRESS = "1.3.6.1.5.5.7.8.5"  # id-on-xmppAddr


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


class Authority:
    """`NAME.pem` with its key in `folder`, made when it is not there."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        if not (folder / f"{name}.pem").exists():
            openssl(folder, "req", "-x509", *self.new_key(name), "-subj", f"/CN={name}",
                    "-days", "30", "-out", f"{name}.pem")

    @staticmethod
    def new_key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch",
                "-keyout", f"{name}.key"]

    def certify(self, client, addresses):
        """The files of a certificate for `addresses`, which may be none, and of its key."""
        names = [f"otherName:{XMPP_ADDRESS};UTF8:{address}" for address in addresses]
        (self.folder / f"{client}.ext").write_text(
            "extendedKeyUsage=clientAuth\n"
            + (f"subjectAltName={','.join(names)}\n" if names else ""))
        openssl(self.folder, "req", "-new", *self.new_key(client), "-subj", f"/CN={client}",
                "-out", f"{client}.csr")
        openssl(self.folder, "x509", "-req", "-in", f"{client}.csr", "-CA", f"{self.name}.pem",
                "-CAkey", f"{self.name}.key", "-set_serial", str(abs(hash(client)) + 1),
                "-days", "30", "-extfile", f"{client}.ext", "-out", f"{client}.pem")
        return str(self.folder / f"{client}.pem"), str(self.folder / f"{client}.key")
