#!/bin/sh
# Builds OpenSSL 3.5 from Debian's source package and prints the folder where it is installed. Everything is
# kept in the user's cache folder, outside the build tree; what is there is checked before it is used.
#
#   build-openssl.sh          builds if need be, prints the folder
#   build-openssl.sh --check  prints the folder if a good build is there, else fails
#
# Why from source: Debian 12 has OpenSSL 3.0, without X25519MLKEM768 and at half the speed; SSL 3.0 is compiled
# out everywhere, and so is the compression of certificates (RFC 8879). The source comes from Debian's own archive through apt, which checks its signature: from the
# mirror that this machine already uses, with the suite that has 3.5.
set -eu

SUITE=trixie
OPTIONS="enable-ssl3 enable-ssl3-method enable-weak-ssl-ciphers enable-brotli enable-zstd enable-zlib
no-shared no-tests no-docs no-apps no-engine"
JOBS=$(nproc)

say() { echo "openssl: $*" >&2; }
fail() { say "$*"; exit 1; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/limpid
key=$(printf '%s %s' "$SUITE" "$OPTIONS" | sha256sum | cut -c1-12)
target=$cache/openssl-$key

good() {
    [ -f "$target/checksums" ] && (cd "$target" && sha256sum --quiet --check checksums >/dev/null 2>&1)
}

if good; then echo "$target"; exit 0; fi
[ "${1:-}" != --check ] || exit 1
[ ! -e "$target" ] || { say "$target is damaged: building it anew"; rm -rf "$target"; }

# The archive and the keyring that this machine's own apt uses for Debian, in either form of source list.
debian_source() {
    for list in /etc/apt/sources.list.d/*.sources; do
        [ -f "$list" ] || continue
        awk -v RS= '/(^|\n)Types:[^\n]*deb/ && /(^|\n)URIs:[^\n]*\/debian\/?(\n| |$)/ {
            uri = ""; key = ""
            n = split($0, lines, "\n")
            for (i = 1; i <= n; i++) {
                if (lines[i] ~ /^URIs:/) { split(lines[i], part, /[ \t]+/); uri = part[2] }
                if (lines[i] ~ /^Signed-By:/) { split(lines[i], part, /[ \t]+/); key = part[2] }
            }
            print uri, key; exit
        }' "$list"
    done
    sed -n 's|^deb[ \t]\+\(\[[^]]*\]\)\?[ \t]*\([^ ]*/debian/\?\)[ \t].*|\2|p' /etc/apt/sources.list 2>/dev/null | head -n 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/limpid-openssl.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

set -- $(debian_source | head -n 1)
uri=${1:-}
keyring=${2:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -n "$uri" ] || fail "no Debian archive found in this machine's apt sources"

mkdir -p "$work/lists/partial" "$work/download"
printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$uri" "$SUITE" "$keyring" \
    > "$work/limpid.sources"
apt_with() {
    apt-get -q -o Dir::Etc::sourcelist="$work/limpid.sources" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$work/lists" -o APT::Sandbox::User=root "$@" > "$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; fail "apt could not fetch the source"; }
}
say "fetching the source package from Debian ($SUITE)"
apt_with update
(cd "$work/download" && apt_with source --download-only openssl)

dsc=$(ls "$work"/download/openssl_*.dsc)
version=$(basename "$dsc" .dsc | cut -d_ -f2)
case $version in 3.5.*) ;; *) fail "Debian's $SUITE has OpenSSL $version, not 3.5" ;; esac
# apt has compared the .dsc with the signed index; this compares the files with the .dsc.
awk '/^Checksums-Sha256:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $1 "  " $3 }' "$dsc" > "$work/sums"
(cd "$work/download" && sha256sum --quiet --check "$work/sums") || fail "the source package does not match its checksums"

dpkg-source --no-check -x "$dsc" "$work/source" > "$work/unpack.log" 2>&1 || { cat "$work/unpack.log" >&2; fail "unpacking failed"; }
cd "$work/source"
say "building $version with $JOBS jobs; about two minutes on two cores"
# shellcheck disable=SC2086 # the options are words
./Configure linux-x86_64 --prefix="$target" --libdir=lib --openssldir=/usr/lib/ssl $OPTIONS \
    > "$work/configure.log" 2>&1 || { tail -n 20 "$work/configure.log" >&2; fail "Configure failed"; }
total=$(make -n build_libs 2>/dev/null | grep -c ' -c -o ' || true)
make -j"$JOBS" build_libs > "$work/make.log" 2>&1 &
make_pid=$!
last=0
while kill -0 "$make_pid" 2>/dev/null; do
    done_files=$(grep -c ' -c -o ' "$work/make.log" 2>/dev/null || true)
    if [ $((done_files - last)) -ge 200 ]; then say "compiled $done_files of $total files"; last=$done_files; fi
    sleep 1
done
wait "$make_pid" || { tail -n 20 "$work/make.log" >&2; fail "the build failed"; }
make install_dev DESTDIR="$work/install" > "$work/install.log" 2>&1 || { tail -n 20 "$work/install.log" >&2; fail "install failed"; }

staged=$work/install$target
(cd "$staged" && find . -type f ! -name checksums -exec sha256sum {} + > checksums)
mkdir -p "$cache"
# Moved in one step, so that a build that was broken off is never taken for a good one.
rm -rf "$target.new.$$"
cp -a "$staged" "$target.new.$$"
mv "$target.new.$$" "$target"
good || fail "the build does not match its own checksums"
say "installed $version in $target"
echo "$target"
