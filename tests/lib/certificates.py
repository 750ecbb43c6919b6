"""Certificates of clients (XEP-0178) and of servers, made by the openssl command."""
import subprocess

XMPP_ADDRESS = "1.3.6.1.5.5.7.8.5"  # id-on-xmppAddr
CA = """[ca]
default_ca = here
[here]
database = {index}
new_certs_dir = {folder}
serial = {index}.serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""


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

    def certify_server(self, server, domains, valid=("20200101000000Z", "20991231235959Z"),
                       usage="serverAuth,clientAuth"):
        """The files of a certificate for `domains`, which counts from and until, and of its key."""
        names = ",".join(f"DNS:{domain}" for domain in domains)
        (self.folder / f"{server}.ext").write_text(
            f"extendedKeyUsage={usage}\nsubjectAltName={names}\n")
        openssl(self.folder, "req", "-new", *self.new_key(server), "-subj", f"/CN={domains[0]}",
                "-out", f"{server}.csr")
        index = self.folder / f"{self.name}.index"
        index.touch()
        (self.folder / f"{self.name}.cnf").write_text(CA.format(index=index, folder=self.folder))
        openssl(self.folder, "ca", "-config", f"{self.name}.cnf", "-batch", "-notext",
                "-cert", f"{self.name}.pem", "-keyfile", f"{self.name}.key", "-create_serial",
                "-startdate", valid[0], "-enddate", valid[1], "-extfile", f"{server}.ext",
                "-in", f"{server}.csr", "-out", f"{server}.pem")
        return str(self.folder / f"{server}.pem"), str(self.folder / f"{server}.key")


def sign_oneself(folder, server, domains):
    """The files of a certificate for `domains` that nobody else vouches for, and of its key."""
    names = ",".join(f"DNS:{domain}" for domain in domains)
    openssl(folder, "req", "-x509", *Authority.new_key(server), "-subj", f"/CN={domains[0]}",
            "-addext", f"subjectAltName={names}", "-days", "30", "-out", f"{server}.pem")
    return str(folder / f"{server}.pem"), str(folder / f"{server}.key")
