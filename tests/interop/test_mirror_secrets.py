"""What a mirror does not show: secrets that it masks, and sessions beyond its share. The traffic itself is never touched."""
import pytest

import origins
import transfer
from capture_file import COMPLAINTS, CaptureFile
from conftest import Scene
from process import wait_for

pytestmark = pytest.mark.limpid_only

CARD, OTHER_CARD, NO_CARD = "4111 1111 1111 1111", "378282246310005", "4111 1111 1111 1112"
KEY = "AKIA0123456789ABCDEF"
TOKEN = "c2VjcmV0LXRva2VuLW9mLWEtY2xpZW50"
FILLER = "filling " * 1000  # so that what follows is in other segments
BODY = f"{FILLER}\npay with {CARD} or {OTHER_CARD}, not {NO_CARD}; key {KEY}\n{FILLER}"
SHOWN = BODY.replace(CARD, "xxxx xxxx xxxx xxxx").replace(OTHER_CARD, "x" * 15).replace(KEY, "x" * 20)
HEADERS = ("-H", f"Authorization: Bearer {TOKEN}", "-H", f"Cookie: session={TOKEN}{'0' * 4000}{TOKEN}")
MASKED_PORT, SAMPLED_PORT = origins.TLS13, origins.TLS12
SESSIONS = 40

TOOLS = """  - name: masked
    mirror:
      pcapng: masked.pcapng
      mask: { headers: [authorization, cookie, set-cookie], patterns: [card_numbers, "AKIA[0-9A-Z]{16}"] }
  - { name: masked-sensor, mirror: { interface: m0, mask: { headers: authorization, patterns: card_numbers } } }
  - { name: half, mirror: { pcapng: half.pcapng, sample: 50% } }"""
RULES = f"""    - {{ name: masked, when: {{ server_port: [{MASKED_PORT}] }}, then: decrypt, tools: [recorder, masked, masked-sensor] }}
    - {{ name: sampled, when: {{ server_port: [{SAMPLED_PORT}] }}, then: decrypt, tools: [half] }}"""


@pytest.fixture(scope="module")
def shop(make_lab, pki):
    lab = make_lab()
    lab.add_sensor("m0")
    scene = Scene(lab, pki, tools=TOOLS, rules=RULES)
    (lab.folder / "www" / "page").write_text(BODY)
    scene.masked = CaptureFile(lab.folder / "masked.pcapng")
    scene.recorder = CaptureFile(lab.folder / "plain.pcapng")
    return scene


def fetch(scene, port, *options):
    """The client's port; what came is what the server has."""
    page = scene.lab.folder / "got"
    done = scene.lab.run("client", "curl", "-sSf", "--cacert", scene.appliance.trust, "-o", str(page), "-w", "%{local_port}",
                         *options, f"https://shop4.example:{port}/page", text=True)
    assert done.returncode == 0, done.stderr
    assert page.read_text() == BODY, "the traffic is what it was"
    return int(done.stdout)


def told(file, client_port):
    which = f"tcp.port == {client_port}"

    def over():
        ends = [row["tcp.flags.reset"] for row in file.rows(f"{which} && (tcp.flags.fin == 1 || tcp.flags.reset == 1)",
                                                            "tcp.flags.reset", growing=True)]
        return len(ends) == 2 or "1" in ends or "True" in ends

    wait_for("the session's end", over)
    return which


def stream_of(file, which):
    return file.stream(file.rows(which, "tcp.stream")[0]["tcp.stream"])


def test_of_http1_the_values_of_headers_cards_and_patterns_are_masked_and_lengths_stay(shop):
    client_port = fetch(shop, MASKED_PORT, "--http1.1", "-H", "Connection: close", *HEADERS)
    which = told(shop.masked, client_port)
    told(shop.recorder, client_port)
    assert shop.masked.rows(f"{which} && ({COMPLAINTS})", "frame.number") == []
    request, answer = stream_of(shop.masked, which)
    plain_request, plain_answer = stream_of(shop.recorder, which)
    assert (len(request), len(answer)) == (len(plain_request), len(plain_answer))
    assert TOKEN.encode() in plain_request and TOKEN.encode() not in request
    lines = {line.split(b":")[0].lower(): line for line in request.split(b"\r\n")}
    assert set(lines[b"authorization"].split(b":")[1]) == set(lines[b"cookie"].split(b":")[1]) == {ord("x")}
    assert lines[b"host"] == f"Host: shop4.example:{MASKED_PORT}".encode()
    assert answer.split(b"\r\n\r\n", 1)[1].decode() == SHOWN


def test_of_http2_header_blocks_are_masked_whole_and_the_data_is_shown(shop):
    client_port = fetch(shop, MASKED_PORT, "--http2", *HEADERS)
    which = told(shop.masked, client_port)
    told(shop.recorder, client_port)

    def headers(file):
        return [row for row in file.rows(f"{which} && http2", "http2.headers.authorization", protocol="http2",
                                         port=MASKED_PORT) if row["http2.headers.authorization"]]

    assert headers(shop.recorder) != [], "what is not masked has them"
    assert headers(shop.masked) == []
    _, answer = stream_of(shop.masked, which)
    _, plain_answer = stream_of(shop.recorder, which)
    assert len(answer) == len(plain_answer)
    assert CARD.encode() in plain_answer and CARD.encode() not in answer
    assert b"xxxx xxxx xxxx xxxx" in answer and FILLER.encode()[:1000] in answer


def test_a_sensor_on_a_port_sees_what_is_masked_for_it(shop):
    raw = shop.lab.frames("sensor")
    raw.settimeout(20)
    with raw:
        fetch(shop, MASKED_PORT, "--http1.1", "-H", "Connection: close", *HEADERS)
        seen, fins = b"", 0
        while fins < 2:
            frame = raw.recv(2000)
            is_tcp = frame[12:14] == b"\x08\x00" and frame[23] == 6
            fins += is_tcp and frame[47] & 1
            seen += frame[54:] if is_tcp else b""
    assert f"Bearer {TOKEN}".encode() not in seen and CARD.encode() not in seen
    assert b"Authorization:xxxx" in seen and f"Cookie: session={TOKEN}".encode() in seen


def test_a_mirror_with_a_share_gets_whole_sessions_and_counts_the_rest(shop):
    for _ in range(SESSIONS):
        fetch(shop, SAMPLED_PORT, "--http1.1", "-H", "Connection: close")
    row = next(row for row in shop.appliance.ask("tools")["mirrors"] if row["tool"] == "half")
    assert row["sessions"] + row["left_out"] == SESSIONS
    assert 0 < row["sessions"] < SESSIONS  # but for one run in 10^11
    file = CaptureFile(shop.lab.folder / "half.pcapng")
    wait_for("the sessions' ends",
             lambda: len(file.rows("tcp.flags.fin == 1", "frame.number", growing=True)) == 2 * row["sessions"])
    assert len(file.rows("tcp.flags.syn == 1 && tcp.flags.ack == 0", "frame.number")) == row["sessions"]
