#!/bin/sh
# Shows the main job of limpid end to end: a real curl in one network namespace fetches a page over TLS from a
# real nginx in another, through limpid on the wire between them. `./run demo` calls this; LIMPID names the
# executable. Everything that it makes, it removes; the folder with its files is kept only on failure.
set -eu

LIMPID=${LIMPID:?the path of the limpid executable}
PATH=$PATH:/usr/sbin:/sbin
tag=limpid-demo-$$
client=$tag-client
box=$tag-box
server=$tag-server
lab=$(mktemp -d "${TMPDIR:-/tmp}/limpid-demo.XXXXXX")
pids=
bold=
plain=
if [ -t 1 ]; then
    bold=$(tput bold 2>/dev/null || true)
    plain=$(tput sgr0 2>/dev/null || true)
fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '  $ %s\n' "$*"; }
indent() { sed 's/^/    /'; }
# Not for background jobs: a function would run in a shell of its own, and that would get the signals.
in_ns() { namespace=$1; shift; ip netns exec "$namespace" "$@"; }

clean_up() {
    code=$?
    trap - EXIT INT TERM
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    for namespace in "$client" "$box" "$server"; do ip netns del "$namespace" 2>/dev/null || true; done
    rm -rf "/etc/netns/$client"
    if [ "$code" = 0 ]; then rm -rf "$lab"; else printf '\nThe demo failed; its files are in %s\n' "$lab" >&2; fi
    exit "$code"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# wait_for WHAT COMMAND…: looks until the command succeeds, 15 s at most.
wait_for() {
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ]; then
            echo "demo: $what: not within 15 s" >&2
            tail -n 20 "$lab"/*.log >&2 2>/dev/null || true
            exit 1
        fi
        sleep 0.05
    done
}

say "1. Three hosts on two wires: client -- limpid -- server (network namespaces)"
for namespace in "$client" "$box" "$server"; do
    ip netns add "$namespace"
    in_ns "$namespace" ip link set lo up
done
wire() { # NAMESPACE ADDRESS END
    in_ns "$1" ip link add eth0 type veth peer name "$3" netns "$box"
    in_ns "$1" ip addr add "$2" dev eth0
    # Offloads leave checksums unfinished and frames of 64 KB on a veth; a real wire has neither.
    in_ns "$1" ethtool -K eth0 tx off rx off tso off gso off gro off >/dev/null 2>&1
    in_ns "$box" ethtool -K "$3" tx off rx off tso off gso off gro off >/dev/null 2>&1
    in_ns "$1" ip link set eth0 up
    in_ns "$box" ip link set "$3" up
}
wire "$client" 10.20.30.1/24 d0
wire "$server" 10.20.30.2/24 d1
mkdir -p "/etc/netns/$client"
printf '127.0.0.1 localhost\n10.20.30.2 shop.example\n' > "/etc/netns/$client/hosts"
printf '    client 10.20.30.1  ---  d0 [ limpid ] d1  ---  shop.example 10.20.30.2\n'

say "2. A server with a certificate of its own CA, and limpid's two signing CAs"
cd "$lab"
ca() { # FILE NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$2" \
        -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}
ca internet-ca "The Internet's CA (demo)"
ca ca "Example Corp interception CA"
ca untrusted-ca "Example Corp CA for untrusted servers"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=shop.example -keyout server.key -out server.csr 2>/dev/null
printf 'subjectAltName=DNS:shop.example,DNS:www.shop.example\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:false\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' > server.ext
openssl x509 -req -in server.csr -CA internet-ca.pem -CAkey internet-ca.key -CAcreateserial -days 20 -extfile server.ext -out server.pem 2>/dev/null
mkdir www
printf '<html><body>Welcome to shop.example. Your basket is empty.</body></html>\n' > www/index.html
cat > nginx.conf <<CONF
daemon off; user root; worker_processes 1; pid $lab/nginx.pid; error_log $lab/nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  server {
    listen 10.20.30.2:443 ssl;
    ssl_certificate $lab/server.pem; ssl_certificate_key $lab/server.key; ssl_protocols TLSv1.3;
    root $lab/www;
  }
}
CONF
ip netns exec "$server" nginx -p "$lab" -c "$lab/nginx.conf" > nginx-start.log 2>&1 &
pids="$pids $!"
wait_for "nginx" sh -c "ip netns exec $server ss -ltn | grep -q :443"
openssl x509 -in server.pem -noout -subject -issuer | indent

say "3. limpid goes between them, with this configuration"
cat > limpid.yaml <<'CONF'
dataplane: { memory: 256MiB, cores: [0] }
segments:
  - name: demo
    client_side: { interface: d0 }
    server_side: { interface: d1 }
tools:
  - name: recorder
    mirror: { pcapng: plain.pcapng }
tls:
  signing:
    trusted:   { certificate: ca.pem, key: ca.key }
    untrusted: { certificate: untrusted-ca.pem, key: untrusted-ca.key }
  trust: internet-ca.pem
policy:
  default: pass
  rules:
    - { name: shops, when: { sni: ["*.example"] }, then: decrypt, tools: [recorder] }
CONF
indent < limpid.yaml
show limpid check-config limpid.yaml
"$LIMPID" check-config limpid.yaml | indent
show limpid explain -c limpid.yaml --client 10.20.30.1 --server 10.20.30.2:443 --sni shop.example
"$LIMPID" explain -c limpid.yaml --client 10.20.30.1 --server 10.20.30.2:443 --sni shop.example | indent
ip netns exec "$box" "$LIMPID" run -c limpid.yaml > limpid.log 2>&1 &
limpid_pid=$!
pids="$pids $limpid_pid"
wait_for "limpid" "$LIMPID" stats -c limpid.yaml

say "4. curl fetches the page over TLS 1.3; it trusts Example Corp's interception CA alone"
show curl --cacert ca.pem https://shop.example/
in_ns "$client" curl -sS --tls-max 1.3 --cacert ca.pem -v https://shop.example/ > page.html 2> curl.log || { cat curl.log limpid.log; exit 1; }
grep -E 'SSL connection using|subject:|issuer:' curl.log | sed 's/^\* */    /'
indent < page.html
cmp -s page.html www/index.html || { echo "demo: the page differs from what the server has"; exit 1; }

say "5. While a session is open: its four endpoints, its decision"
mkfifo hold
ip netns exec "$client" openssl s_client -quiet -connect 10.20.30.2:443 -servername www.shop.example -CAfile ca.pem < hold > s_client.log 2>&1 &
visitor=$!
pids="$pids $visitor"
exec 3> hold
printf 'GET / HTTP/1.1\r\nHost: www.shop.example\r\n\r\n' >&3
wait_for "the second session" grep -q Welcome s_client.log
show limpid sessions --host shop.example
"$LIMPID" sessions -c limpid.yaml --host shop.example | indent
exec 3>&-
kill "$visitor"

say "6. The server's certificate, as the inventory keeps it"
show limpid certificates
wait_for "the inventory" sh -c "'$LIMPID' certificates -c limpid.yaml --json | grep -q shop.example"
"$LIMPID" certificates -c limpid.yaml | indent

say "7. limpid stops (SIGTERM): it drains, and writes what it has"
kill "$limpid_pid"
wait "$limpid_pid" || { cat limpid.log; exit 1; }
grep 'session ' limpid.log | indent

say "8. The plaintext, from the recorder's file, by tshark"
show "tshark -r plain.pcapng -d tcp.port==443,http -Y http"
tshark -r plain.pcapng -d tcp.port==443,http -Y http 2>/dev/null | indent
show "tshark -r plain.pcapng -q -z follow,tcp,ascii,0"
tshark -r plain.pcapng -q -z follow,tcp,ascii,0 2>/dev/null | tr -d '\r' | indent
tshark -r plain.pcapng -d tcp.port==443,http -Y 'http.file_data contains "Your basket is empty"' 2>/dev/null | grep -q 'HTTP/1.1 200' ||
    { echo "demo: the recorder's file does not hold the response"; exit 1; }

say "Done: one TLS 1.3 connection, intercepted on the wire; curl and nginx noticed nothing but the issuer."
