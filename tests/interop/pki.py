"""The tests' certificates, made with the openssl command line anew for each run: none can expire in a drawer."""
import subprocess
import time
from pathlib import Path

NAMES = ["shop.example", "shop4.example", "shop6.example", "www.shop.example", "bank.example"]


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {' '.join(arguments)}:\n{done.stderr}"
    return done.stdout


class Pki:
    """A CA of "the Internet", limpid's two signing CAs, and servers' certificates, as PEM files in a folder."""

    def __init__(self, folder: Path, addresses):
        self.folder = folder
        for name, subject in (("internet", "Internet CA"), ("trusted", "Interception CA"),
                              ("untrusted", "Untrusted CA")):
            openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", f"/O=limpid interop/CN={subject}", "-keyout", f"{name}.key", "-out",
                    f"{name}.pem", "-addext", "basicConstraints=critical,CA:true", "-addext",
                    "keyUsage=critical,keyCertSign,cRLSign")
        self._prepare_issuing()
        self.server("server", NAMES, addresses)
        self.server("expired", ["expired.example"], [], dates=("20240101000000Z", "20240201000000Z"))
        self.server("rsa", ["rsa.example"], [], key=("rsa:2048",))

    def path(self, name):
        return str(self.folder / name)

    def _prepare_issuing(self):
        (self.folder / "index.txt").write_text("")
        (self.folder / "index.txt.attr").write_text("unique_subject = no\n")
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
            "policy=p\nunique_subject=no\ncrlnumber=crlnumber\ndefault_crl_days=7\n[p]\ncommonName=supplied\n")
        (self.folder / "crlnumber").write_text("01\n")

    def authority(self, file, subject):
        """FILE.pem and FILE.key: an intermediate under the Internet's CA."""
        openssl(self.folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "30", "-subj", f"/O=limpid interop/CN={subject}", "-CA", "internet.pem", "-CAkey", "internet.key",
                "-keyout", f"{file}.key", "-out", f"{file}.pem", "-addext", "basicConstraints=critical,CA:true",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def revoke(self, file):
        openssl(self.folder, "ca", "-config", "ca.conf", "-cert", "internet.pem", "-keyfile", "internet.key", "-revoke",
                f"{file}.pem")

    def revocation_list(self, path, age=0):
        """The Internet's CA's, of all that was revoked so far; as if made so many seconds ago."""
        made = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - age))
        openssl(self.folder, "ca", "-config", "ca.conf", "-cert", "internet.pem", "-keyfile", "internet.key", "-gencrl",
                "-crl_lastupdate", made, "-out", str(path))

    def ocsp_response(self, file):
        """The path of what the Internet's CA says of FILE.pem today."""
        openssl(self.folder, "ocsp", "-index", "index.txt", "-CA", "internet.pem", "-rsigner", "internet.pem", "-rkey",
                "internet.key", "-issuer", "internet.pem", "-cert", f"{file}.pem", "-ndays", "1", "-respout",
                f"{file}.ocsp")
        return self.path(f"{file}.ocsp")

    def server(self, file, names, addresses, dates=None, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
               issuer="internet", usage="serverAuth", more=""):
        """FILE.pem and FILE.key, issued by the Internet's CA or another; valid for three weeks, or between `dates`."""
        openssl(self.folder, "req", "-newkey", *key, "-nodes", "-subj", f"/CN={names[0]}", "-keyout", f"{file}.key",
                "-out", f"{file}.csr")
        san = [f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses]
        (self.folder / f"{file}.ext").write_text(
            f"subjectAltName={','.join(san)}\nextendedKeyUsage={usage}\n"
            "keyUsage=digitalSignature,keyEncipherment\nbasicConstraints=CA:false\n"
            "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n" + more)
        when = ["-startdate", dates[0], "-enddate", dates[1]] if dates else ["-days", "21"]
        openssl(self.folder, "ca", "-config", "ca.conf", "-batch", "-notext", "-cert", f"{issuer}.pem", "-keyfile",
                f"{issuer}.key", "-in", f"{file}.csr", "-out", f"{file}.pem", "-extfile", f"{file}.ext", *when)
