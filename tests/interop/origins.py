"""The servers: nginx, openssl s_server, and small ones in Python where a test wants odd behaviour."""
import contextlib
import socket
import ssl
import threading

from lab import SERVER4, SERVER6

# Ports of nginx: any version, or one only, so that a test knows what both legs speak.
ANY, TLS12, TLS13, EXPIRED, RSA, PLAIN = 443, 4412, 4413, 4490, 4491, 7080
PASSED = 7443  # TLS of any version, on a port that the configuration passes
S_SERVER = 5443  # and 5446 over IPv6

PAGE = "<html><body>Welcome to the shop. Your basket is empty.</body></html>\n"


def nginx_configuration(lab, pki):
    def server(port, certificate, protocols, more=""):
        return f"""
  server {{
    listen {SERVER4}:{port} ssl http2 backlog=1024; listen [{SERVER6}]:{port} ssl http2 backlog=1024;
    ssl_certificate {pki.path(certificate + '.pem')}; ssl_certificate_key {pki.path(certificate + '.key')};
    ssl_protocols {protocols};
    root {lab.path('www')};
    location /in/ {{ alias {lab.path('in')}/; dav_methods PUT; client_max_body_size 0; }}
    {more}
  }}"""

    return f"""
daemon off; user root; worker_processes 1; pid {lab.path('nginx.pid')}; error_log {lab.path('nginx-error.log')};
events {{ worker_connections 4096; }}
http {{
  types {{ text/html html; text/css css; application/javascript js; image/svg+xml svg; }}
  access_log {lab.path('access.log')}; client_body_temp_path {lab.path('body')};
  server {{ listen {SERVER4}:{PLAIN}; listen [{SERVER6}]:{PLAIN}; root {lab.path('www')}; }}
{server(ANY, 'server', 'TLSv1.2 TLSv1.3')}
{server(PASSED, 'server', 'TLSv1.2 TLSv1.3')}
{server(TLS12, 'server', 'TLSv1.2')}
{server(TLS13, 'server', 'TLSv1.3')}
{server(EXPIRED, 'expired', 'TLSv1.2 TLSv1.3')}
{server(RSA, 'rsa', 'TLSv1.2 TLSv1.3')}
}}
"""


def start_nginx(lab, pki):
    for folder in ("www", "in", "body"):
        (lab.folder / folder).mkdir(exist_ok=True)
    (lab.folder / "www" / "index.html").write_text(PAGE)
    with open(lab.path("nginx.conf"), "w") as out:
        out.write(nginx_configuration(lab, pki))
    nginx = lab.start("server", "nginx", "nginx", "-p", str(lab.folder), "-c", lab.path("nginx.conf"))
    lab.wait_listening(ANY)
    return nginx


def start_s_server(lab, pki):
    """Serves the files of www/, over IPv4 and IPv6."""
    for family, address, port in (("-4", f"{SERVER4}:{S_SERVER}", S_SERVER),
                                  ("-6", f"[{SERVER6}]:{S_SERVER + 3}", S_SERVER + 3)):
        lab.start("server", f"s_server{family}", "openssl", "s_server", family, "-accept", address, "-WWW", "-cert",
                  pki.path("server.pem"), "-key", pki.path("server.key"), cwd=lab.folder / "www")
        lab.wait_listening(port)


class PythonOrigin:
    """A TCP server in this process, in the server's namespace: `serve(connection)` on a thread for each."""

    def __init__(self, lab, port, serve, context=None, address=SERVER4):
        self.listener = lab.listen(port, address)
        self.serve = serve
        self.context = context
        self.errors = []
        self.threads = []
        self.connections = []
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(60)
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _run(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
            self.connections.append(connection)
            self.serve(connection)
        except (OSError, ValueError) as error:
            self.errors.append(error)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.close()


IGNORE_UNEXPECTED_EOF = 1 << 7  # OpenSSL's; Python sets it, and would call a truncation a clean end


def server_context(pki, certificate="server"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options &= ~IGNORE_UNEXPECTED_EOF
    context.load_cert_chain(pki.path(certificate + ".pem"), pki.path(certificate + ".key"))
    return context


def client_context(appliance, version=None):
    context = ssl.create_default_context(cafile=appliance.trust)
    context.options &= ~IGNORE_UNEXPECTED_EOF
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context
