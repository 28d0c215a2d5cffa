#!/usr/bin/env python3
# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""Makes the vectors of log/key, log/event, log/note, log/receipt, log/advance and log/policy.

A second implementation of Log.md from its text, with nothing but the standard library: slow, and the same bytes each time. Never use
its keys for anything else.

    python3 Protocols/Vectors/make-log-vectors.py [folder]
"""
import base64, hashlib, json, os, sys

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
sha = lambda b: hashlib.sha256(b).digest()
b64 = lambda b: base64.b64encode(b).decode()
hx = lambda text: sha(text.encode()).hex()

# ---- Ed25519, RFC 8032 §5.1 ----
Q, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def ed_add(p, q):
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2 % Q
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, Q) % Q, (y1 * y2 + x1 * x2) * pow(1 - k, -1, Q) % Q


def ed_mul(n, p):
    r = (0, 1)
    while n:
        if n & 1: r = ed_add(r, p)
        p, n = ed_add(p, p), n >> 1
    return r


def ed_x(y):
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(x2, (Q + 3) // 8, Q)
    if (x * x - x2) % Q: x = x * pow(2, (Q - 1) // 4, Q) % Q
    return x if x % 2 == 0 else Q - x


BASE = (ed_x(4 * pow(5, -1, Q) % Q), 4 * pow(5, -1, Q) % Q)
enc = lambda p: (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")
num = lambda b: int.from_bytes(b, "little")


class Key:
    """A named key of one use: type 1 is a log's, type 4 a witness'."""

    def __init__(self, name, kind, seed):
        h = hashlib.sha512(seed).digest()
        self.a, self.prefix = num(h[:32]) & (2**254 - 8) | 2**254, h[32:]
        self.name, self.kind, self.public = name, kind, enc(ed_mul(self.a, BASE))
        self.id = sha(name.encode() + b"\n" + bytes([kind]) + self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(bytes([kind]) + self.public)}"

    def sign(self, m):
        r = num(hashlib.sha512(self.prefix + m).digest()) % L
        point = enc(ed_mul(r, BASE))
        k = num(hashlib.sha512(point + self.public + m).digest()) % L
        return point + ((r + k * self.a) % L).to_bytes(32, "little")

    def line(self, text, at=1767225700):
        if self.kind == 1: return line(self.name, self.id + self.sign(text))
        return line(self.name, self.id + at.to_bytes(8, "big") + self.sign(f"cosignature/v1\ntime {at}\n".encode() + text))


line = lambda name, blob: f"— {name} {b64(blob)}\n".encode()
LOG = Key("in.kheya.example/2026", 1, bytes(range(32)))
PEER = Key("bd.kheya.example/witness", 4, bytes(range(32, 64)))
OWN = Key("in.kheya.example/witness", 4, bytes(range(64, 96)))
THIRD = Key("university.example/witness", 4, bytes(range(96, 128)))
OTHER = Key("bd.kheya.example/2026", 1, bytes(range(128, 160)))
POLICY = f"log {LOG.vkey}\nwitness peer {PEER.vkey}\nquorum peer\n"

# ---- tree, RFC 6962 §2.1, as it stands there ----
leaf = lambda d: sha(b"\0" + d)
node = lambda l, r: sha(b"\1" + l + r)


def split(n):
    k = 1
    while 2 * k < n: k *= 2
    return k


def root(d):
    if not d: return sha(b"")
    if len(d) == 1: return leaf(d[0])
    k = split(len(d))
    return node(root(d[:k]), root(d[k:]))


def path(m, d):
    if len(d) == 1: return []
    k = split(len(d))
    return path(m, d[:k]) + [root(d[k:])] if m < k else path(m - k, d[k:]) + [root(d[:k])]


def subproof(m, d, whole):
    if m == len(d): return [] if whole else [root(d)]
    k = split(len(d))
    return subproof(m, d[:k], whole) + [root(d[k:])] if m <= k else subproof(m - k, d[k:], False) + [root(d[:k])]


# ---- events, notes, receipts ----
canonical = lambda fields: json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
event = lambda salt, fields: b"kheya-event/v1 " + salt.hex().encode() + b"\n" + canonical(fields) + b"\n"
text = lambda size, top, origin=LOG.name: f"{origin}\n{size}\n{b64(top)}\n".encode()
CASE = "00000000000000000000000000000007"


def fields(kind, at=1767225600, place=None, **more):
    result = {"v": 1, "kind": kind, "log": LOG.name, "at": at, **more}
    if place: result |= {"case": CASE, "number": place[0], "previous": place[1]}
    return result


def note(size, top, *keys, origin=LOG.name):
    t = text(size, top, origin)
    return t + b"\n" + b"".join(k.line(t) for k in keys or (LOG, PEER))


def receipt(opening, index, proof, signed):
    lines = ["c2sp.org/tlog-proof@v1", f"extra {b64(opening)}", f"index {index}", *map(b64, proof), ""]
    return "\n".join(lines).encode() + b"\n" + signed


def advance(old, proof, signed): return f"old {old}\n".encode() + b"".join(b64(h).encode() + b"\n" for h in proof) + b"\n" + signed


LETTER, SLIP = hx("letter 1"), hx("slip 1")
E0 = event(bytes(32), fields("start", before=""))
ACCEPTED = fields("accepted", 1767225601, (0, ""), letter=LETTER, slip=SLIP, verdict="admitted")
E1 = event(b"\1" * 32, ACCEPTED)
E2 = event(b"\2" * 32, fields("fetched", 1767225602, (1, leaf(sha(E1)).hex()), letter=LETTER, by="in:cwc-02"))
LEAVES = [sha(e) for e in (E0, E1, E2)]
TREE = LEAVES + [sha(b"leaf %d" % i) for i in range(3, 11)]
ROOT3 = root(LEAVES)
NOTE3 = note(3, ROOT3)

# ---- writing ----
COUNT = 0


def write(folder, title, expect, section, comment, data, **more):
    global COUNT
    COUNT += 1
    os.makedirs(os.path.join(HERE, "log", folder), exist_ok=True)
    head = [f"expect: {expect}", f"section: Log.md §{section}", f"comment: {comment}", *(f"{k}: {v}" for k, v in more.items()), "encoding: hex"]
    digits = data.hex()
    body = [digits[i:i + 120] for i in range(0, len(digits), 120)]
    with open(os.path.join(HERE, "log", folder, title), "w") as out: out.write("\n".join(head) + "\n\n" + "\n".join(body) + "\n")


def flip(data, at): return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


BAD = "log.malformed"


def keys():
    v = lambda title, expect, comment, data: write("key", title, expect, "3.3", comment, data if isinstance(data, bytes) else data.encode())
    v("valid-log", "opens", "the log's key", LOG.vkey)
    v("valid-witness", "opens", "the witness' key", PEER.vkey)
    v("type-2", BAD, "ECDSA", f"{LOG.name}+{LOG.id.hex()}+{b64(bytes([2]) + LOG.public)}")
    v("type-6", BAD, "ML-DSA-44, which is not in use here", f"{PEER.name}+{PEER.id.hex()}+{b64(bytes([6]) + PEER.public)}")
    v("id-of-other-use", BAD, "the id of type 4 beside type 1", f"{LOG.name}+{Key(LOG.name, 4, bytes(range(32))).id.hex()}+{b64(bytes([1]) + LOG.public)}")
    v("id-upper", BAD, "the id in upper case", LOG.vkey.replace(LOG.id.hex(), LOG.id.hex().upper()))
    v("id-short", BAD, "the id without a digit", LOG.vkey.replace(LOG.id.hex(), LOG.id.hex()[1:]))
    v("key-31", BAD, "a key of 31 bytes", f"{LOG.name}+{sha(LOG.name.encode() + b'%c%c' % (10, 1) + LOG.public[:31])[:4].hex()}+{b64(bytes([1]) + LOG.public[:31])}")
    v("name-empty", BAD, "no name", Key("", 1, bytes(range(32))).vkey)
    v("name-space", BAD, "a space in the name", Key("in kheya", 1, bytes(range(32))).vkey)
    v("name-unicode", BAD, "a name outside ASCII", Key("in.\u212aheya.example/2026", 1, bytes(range(32))).vkey)
    v("name-long", BAD, "a name of 129 bytes", Key("a" * 129, 1, bytes(range(32))).vkey)
    v("no-id", BAD, "two parts", f"{LOG.name}+{b64(bytes([1]) + LOG.public)}")
    v("line-feed", BAD, "a line feed at the end", LOG.vkey + "\n")
    v("empty", BAD, "nothing", "")


def events():
    v = lambda title, expect, comment, data: write("event", title, expect, "3.1", comment, data)
    salt, l1, l2, l3 = b"\3" * 32, hx("letter 1"), hx("letter 2"), hx("letter 3")
    document = {"letter": l1, "slip": SLIP, "file": hx("file"), "version": 3}
    place = (2, leaf(LEAVES[2]).hex())
    seen = {"origin": OTHER.name, "size": 5, "root": hx("root")}
    kinds = {
        "start": fields("start", before=hx("the last checkpoint of the year before")), "directory": fields("directory", **document),
        "profile": fields("profile", **document), "arrived": fields("arrived", place=place, letter=l1, slip=SLIP, verdict="flagged", source=hx("source")),
        "accepted-waiting": ACCEPTED | {"verdict": "waiting"}, "accepted-gap": ACCEPTED | {"verdict": "gap"},
        "admitted": fields("admitted", place=place, letter=l1, verdict="flagged"),
        "refused": fields("refused", place=place, letter=l1, slip=SLIP, code="G_HOME_COMPLETE", refusal=l2),
        "expired": fields("expired", place=place, letter=l1, notice=l2), "gone": fields("gone", place=place, letter=l1, notice=l2),
        "withheld": fields("withheld", place=place, letter=l1, because=l3, notice=l2),
        "seen-possibly": fields("seen-possibly", place=place, letter=l1, because=l3, notice=l2),
        "cosigned": fields("cosigned", **seen, time=1767225700, way="stick"), "heads": fields("heads", root=hx("heads"), count=2),
        "erased": fields("erased", leaves=[1, 2, 9], level=2, letter=l3, slip=SLIP),
        "closed": fields("closed", profile=hx("profile"), verdict="kept", steps=31, weeks=22),
        "conflict": fields("conflict", **seen, note=hx("note")), "restarted": fields("restarted", reason="recovery")}
    v("valid-start-first", "opens", "event 0 of the example", E0)
    v("valid-accepted", "opens", "event 1 of the example", E1)
    v("valid-fetched", "opens", "event 2 of the example", E2)
    for kind, value in kinds.items(): v(f"valid-{kind}", "opens", f"an event {kind}", event(salt, value))
    v("valid-erased-4096", "opens", "as many leaves as one event lists", event(salt, kinds["erased"] | {"leaves": list(range(4096))}))
    changed = {
        "unknown-key": ("a field that nobody knows", ACCEPTED | {"name": "x"}), "version-2": ("another version", ACCEPTED | {"v": 2}),
        "kind-unknown": ("a kind that nobody knows", ACCEPTED | {"kind": "forgotten"}),
        "verdict-unknown": ("a verdict that nobody knows", ACCEPTED | {"verdict": "fine"}),
        "verdict-boolean": ("a verdict that is no string", ACCEPTED | {"verdict": True}),
        "admitted-waiting": ("admitted, and waits", kinds["admitted"] | {"verdict": "waiting"}),
        "case-in-start": ("an event of the log with a case", fields("start", place=(0, ""), before="")),
        "case-upper": ("a pseudonym in upper case", ACCEPTED | {"case": "A" * 32}), "case-31": ("a pseudonym of 31 digits", ACCEPTED | {"case": CASE[1:]}),
        "number-without-previous": ("the second event without the first", ACCEPTED | {"number": 1}),
        "previous-of-first": ("the first event with one before it", ACCEPTED | {"previous": l1}),
        "previous-short": ("a leaf hash of 63 digits", ACCEPTED | {"number": 1, "previous": l1[1:]}),
        "letter-upper": ("a digest in upper case", ACCEPTED | {"letter": l1.upper()}), "letter-empty": ("no letter", ACCEPTED | {"letter": ""}),
        "name-as-member": ("a name where a member belongs", fields("fetched", place=place, letter=l1, by="Rahima Khatun")),
        "name-as-code": ("text where a code belongs", kinds["refused"] | {"code": "home not visited"}),
        "log-upper": ("an origin in upper case", ACCEPTED | {"log": "IN.kheya.example/2026"}),
        "integer-2-53": ("a time of 2^53", ACCEPTED | {"at": 2**53}), "integer-negative": ("a time below zero", ACCEPTED | {"at": -1}),
        "integer-fraction": ("a fraction", ACCEPTED | {"at": 1.5}), "null": ("null", ACCEPTED | {"previous": None}),
        "leaves-empty": ("nothing erased", kinds["erased"] | {"leaves": []}), "leaves-repeated": ("one leaf twice", kinds["erased"] | {"leaves": [1, 1]}),
        "leaves-descending": ("leaves out of order", kinds["erased"] | {"leaves": [2, 1]}),
        "leaves-4097": ("more leaves than one event lists", kinds["erased"] | {"leaves": list(range(4097))}),
        "level-3": ("a level that nobody knows", kinds["erased"] | {"level": 3}),
        "file-version-0": ("a version before the first", kinds["directory"] | {"version": 0}),
        "way-unknown": ("a way that nobody knows", kinds["cosigned"] | {"way": "pigeon"})}
    for title, (comment, value) in changed.items(): v(title, BAD, comment, event(salt, value))
    for key in ("at", "case", "letter", "number", "v", "verdict"):
        v(f"missing-{key}", BAD, f"without {key}", event(salt, {k: x for k, x in ACCEPTED.items() if k != key}))
    head, body = E1.split(b"\n")[:2]
    v("header-v2", BAD, "another format", E1.replace(b"event/v1", b"event/v2"))
    v("salt-upper", BAD, "a salt in upper case", event(b"\xab" * 32, ACCEPTED).replace(b"ab" * 32, b"AB" * 32))
    v("salt-62", BAD, "a salt of 31 bytes", E1.replace(b"01" * 32, b"01" * 31))
    v("no-salt", BAD, "a line without salt", b"kheya-event/v1 \n" + body + b"\n")
    v("two-spaces", BAD, "two spaces before the salt", E1.replace(b"/v1 ", b"/v1  ", 1))
    v("one-line", BAD, "only the salt", head + b"\n")
    v("third-line", BAD, "an empty third line", E1 + b"\n")
    v("not-ended", BAD, "the last line feed is missing", E1[:-1])
    v("crlf", BAD, "lines that end in CR LF", E1.replace(b"\n", b"\r\n"))
    v("bom", BAD, "a byte order mark", b"\xef\xbb\xbf" + E1)
    v("space", BAD, "a space in the JSON", E1.replace(b'":1,', b'": 1,').replace(b',"v":1}', b', "v":1}'))
    v("unsorted", BAD, "keys out of order", head + b"\n" + b'{"v":1,' + body[1:].replace(b',"v":1', b"") + b"\n")
    v("key-twice", BAD, "a key twice", E1.replace(b'{"at"', b'{"at":1,"at"'))
    v("not-ascii", BAD, "a letter outside ASCII", E1.replace(b"admitted", "admitt\u00e9d".encode()))
    v("behind-the-object", BAD, "a bracket behind the object", E1[:-1] + b"}\n")
    v("backslash", BAD, "an escape in a string", E1.replace(b"admitted", b"\\u0061dmitted"))
    v("escaped-key", BAD, "an escape in a key", E1.replace(b'"at"', b'"\\u0061t"'))
    v("list-not-closed", BAD, "a list that does not end", event(salt, kinds["erased"]).replace(b"9]", b"9"))
    v("list-of-text", BAD, "a list of strings", event(salt, kinds["erased"] | {"leaves": ["1"]}))
    v("no-object", BAD, "a list for the object", head + b"\n[]\n")
    v("empty", BAD, "nothing", b"")


def notes():
    v = lambda title, expect, comment, data, section="3.3": write("note", title, expect, section, comment, data)
    t, own, peer = text(3, ROOT3), LOG.line(text(3, ROOT3)), PEER.line(text(3, ROOT3))
    n = lambda body, *lines: body + b"\n" + b"".join(lines)
    signed = lambda body: n(body, LOG.line(body))
    v("valid", "opens", "the example: log and peer", NOTE3)
    v("valid-unwitnessed", "opens", "signed by the log alone: true, and not yet witnessed", n(t, own))
    v("valid-order", "opens", "the witness' line first", n(t, peer, own))
    v("valid-unknown-key", "opens", "a line of a key nobody knows is ignored", n(t, THIRD.line(t), own, peer))
    v("valid-known-name-other-id", "opens", "a line of the log's name with another id is ignored", n(t, line(LOG.name, b"\0\0\0\0" + bytes(64)), own))
    v("valid-known-id-other-name", "opens", "a line of another name with the log's id is ignored", n(t, line("x", LOG.id + bytes(64)), own))
    v("valid-post-quantum", "opens", "a signature of 2,432 bytes of a key nobody knows", n(t, own, line(PEER.name, b"\1\2\3\4" + bytes(2428))))
    v("valid-16-signatures", "opens", "sixteen lines", n(t, own, *[line(f"w{i}", bytes(12)) for i in range(15)]))
    v("valid-empty-tree", "opens", "a log without leaves", signed(text(0, sha(b""))))
    v("valid-twice", "opens", "one line twice", n(t, own, own))
    bad = "log.signature-invalid"
    v("signature-bit", bad, "one bit of the log's signature", n(t, line(LOG.name, flip(LOG.id + LOG.sign(t), 40)), peer))
    v("second-spelling", bad, "the log's signature with its number increased by the group's order", n(t, line(LOG.name, LOG.id + LOG.sign(t)[:32] + (num(LOG.sign(t)[32:]) + L).to_bytes(32, "little"))))
    v("signature-63", bad, "the log's signature without its last byte", n(t, line(LOG.name, LOG.id + LOG.sign(t)[:63])))
    v("signature-65", bad, "the log's signature and one byte", n(t, line(LOG.name, LOG.id + LOG.sign(t) + b"\0")))
    c = base64.b64decode(peer.split()[-1])
    v("cosignature-bit", bad, "one bit of the witness' signature", n(t, own, line(PEER.name, flip(c, 40))))
    v("cosignature-time", bad, "another time", n(t, own, line(PEER.name, flip(c, 11))))
    v("cosignature-short", bad, "a cosignature without time", n(t, own, line(PEER.name, c[:4] + c[12:])))
    v("cosignature-as-note", bad, "the witness signed the note as a log does", n(t, own, line(PEER.name, c[:12] + PEER.sign(t))))
    v("cosignature-of-other-tree", bad, "the witness signed another tree", n(t, own, PEER.line(text(4, ROOT3))))
    v("cosignature-time-2-53", bad, "a time that no event can carry", n(t, own, PEER.line(t, 2**53)))
    v("cosignature-time-2-63", bad, "a time beyond any clock", n(t, own, PEER.line(t, 2**63)))
    v("good-and-bad", bad, "a good and a bad line of the log", n(t, own, line(LOG.name, flip(LOG.id + LOG.sign(t), 40))))
    v("root-changed", bad, "signed for another root", n(text(3, sha(b"")), own))
    v("size-changed", bad, "signed for another size", n(text(4, ROOT3), own))
    unsigned = "log.unsigned"
    v("witness-alone", unsigned, "only the witness", n(t, peer))
    v("other-log", unsigned, "another log's checkpoint under its key", note(3, ROOT3, OTHER, origin=OTHER.name))
    v("other-origin", unsigned, "this log's key under another origin", signed(text(3, ROOT3, OTHER.name)))
    v("look-alike", unsigned, "a Kelvin sign in the key's name", n(t, line("in.\u212aheya.example/2026", LOG.id + LOG.sign(t))))
    checkpoints = {
        "extension-line": ("a fourth line", t + b"more\n"), "two-lines": ("no root", LOG.name.encode() + b"\n3\n"), "empty-line": ("an empty line in the text", t + b"\nmore\n"),
        "size-leading-zero": ("03", text("03", ROOT3)), "size-plus": ("+3", text("+3", ROOT3)), "size-negative": ("-3", text(-3, ROOT3)), "size-hexadecimal": ("0x3", text("0x3", ROOT3)),
        "size-empty": ("no size", text("", ROOT3)), "size-space": ("a space after the size", text("3 ", ROOT3)), "size-2-53": ("2^53 leaves", text(2**53, ROOT3)),
        "size-long": ("28 digits", text("3" * 28, ROOT3)), "size-arabic-digit": ("a digit of another script", text("\u0663", ROOT3)), "root-31": ("a root of 31 bytes", text(3, ROOT3[:31])),
        "root-33": ("a root of 33 bytes", text(3, ROOT3 + b"\0")), "root-hexadecimal": ("the root in hexadecimal", f"{LOG.name}\n3\n{ROOT3.hex()}\n".encode()),
        "root-unpadded": ("the root without =", f"{LOG.name}\n3\n{b64(ROOT3)[:-1]}\n".encode()), "root-unused-bits": ("unused bits of the root's base64 set", t[:-3] + b"B=\n"),
        "origin-empty": ("no origin", text(3, ROOT3, "")), "origin-upper": ("an origin in upper case", text(3, ROOT3, "IN.kheya.example/2026")),
        "origin-space": ("a space in the origin", text(3, ROOT3, "in kheya"))}
    for title, (comment, body) in checkpoints.items(): v(title, BAD, comment, signed(body))
    forms = {
        "empty": ("nothing", b""), "text-alone": ("no signatures", t), "no-signatures": ("an empty line and nothing", t + b"\n"), "no-empty-line": ("no empty line", t + own),
        "no-text": ("only signatures", b"\n" + own), "not-ended": ("the last line feed is missing", NOTE3[:-1]), "line-behind": ("a line behind the signatures", NOTE3 + b"more\n"),
        "empty-line-behind": ("an empty line behind the signatures", NOTE3 + b"\n"), "crlf": ("CR LF", NOTE3.replace(b"\n", b"\r\n")), "tab": ("a tab", NOTE3.replace(b"\n3\n", b"\n3\t\n")),
        "nul": ("a zero byte", NOTE3.replace(b"\n3\n", b"\n3\0\n")), "not-utf8": ("bytes that are not UTF-8", NOTE3.replace("—".encode(), b"\x97")), "bom": ("a byte order mark", b"\xef\xbb\xbf" + NOTE3),
        "hyphen": ("a hyphen for the em dash", NOTE3.replace("—".encode(), b"-")), "en-dash": ("an en dash", NOTE3.replace("—".encode(), "–".encode())),
        "horizontal-bar": ("a horizontal bar", NOTE3.replace("—".encode(), "―".encode())), "dash-without-space": ("no space after the dash", NOTE3.replace("— ".encode(), "—".encode())),
        "two-spaces": ("two spaces before the signature", n(t, own.replace(b"2026 ", b"2026  "))), "space-behind": ("a space behind the signature", n(t, own[:-1] + b" \n")),
        "no-name": ("no name", n(t, line("", LOG.id + bytes(64)))), "name-plus": ("a plus in the name", n(t, line("a+b", LOG.id + bytes(64)))),
        "name-no-break-space": ("a space of Unicode in the name", n(t, line("a\u00a0b", LOG.id + bytes(64)), own)), "signature-4": ("a key id and no signature", n(t, line(LOG.name, LOG.id))),
        "signature-url": ("base64 of the other alphabet", n(t, b"\xe2\x80\x94 x ____\n", own)), "signature-unpadded": ("base64 without =", n(t, own[:-2] + b"\n")),
        "signatures-17": ("seventeen lines", n(t, own, *[line(f"w{i}", bytes(12)) for i in range(16)]))}
    for title, (comment, data) in forms.items(): v(title, BAD, comment, data)


def receipts():
    v = lambda title, expect, comment, data: write("receipt", title, expect, "4", comment, data)
    proof = path(1, LEAVES)
    whole = receipt(E1, 1, proof, NOTE3)
    v("valid", "opens", "the example: leaf 1 of 3", whole)
    v("valid-unwitnessed", "opens", "not yet cosigned", receipt(E1, 1, proof, note(3, ROOT3, LOG)))
    v("valid-alone", "opens", "the only leaf of a tree: no hashes", receipt(E1, 0, [], note(1, leaf(sha(E1)))))
    v("valid-later", "opens", "the same leaf in a larger tree", receipt(E1, 1, path(1, TREE), note(11, root(TREE))))
    arrived = event(b"\4" * 32, fields("arrived", 1767225601, (0, ""), letter=LETTER, slip=SLIP, verdict="admitted", source=hx("source")))
    v("valid-arrived", "opens", "taken over from another broker", receipt(arrived, 0, [], note(1, leaf(sha(arrived)))))
    bad = "log.proof-invalid"
    v("event-bit", bad, "one bit of the event", receipt(flip(E1, 200), 1, proof, NOTE3))
    v("salt-bit", bad, "one bit of the salt", receipt(flip(E1, 20), 1, proof, NOTE3))
    v("event-of-leaf-2", bad, "the event of another leaf", receipt(E2, 1, proof, NOTE3))
    v("index-0", bad, "another number", receipt(E1, 0, proof, NOTE3))
    v("index-3", bad, "a number beyond the tree", receipt(E1, 3, proof, NOTE3))
    v("hash-missing", bad, "one hash too few", receipt(E1, 1, proof[:1], NOTE3))
    v("hash-more", bad, "one hash too many", receipt(E1, 1, proof + [ROOT3], NOTE3))
    v("hashes-exchanged", bad, "the hashes in the other order", receipt(E1, 1, proof[::-1], NOTE3))
    v("hash-bit", bad, "one bit of a hash", receipt(E1, 1, [flip(proof[0], 9), proof[1]], NOTE3))
    v("no-hashes", bad, "no proof", receipt(E1, 1, [], NOTE3))
    v("other-tree", bad, "the checkpoint of a smaller tree", receipt(E1, 1, proof, note(2, root(LEAVES[:2]))))
    v("root-as-leaf", bad, "the leaf hash of a tree of one, without the leaf's mark", receipt(E1, 0, [], note(1, sha(E1))))
    bad = "log.binding"
    one = lambda value: receipt(event(salt := b"\5" * 32, value), 0, [], note(1, leaf(sha(event(salt, value)))))
    v("other-letter", bad, "about another letter", one(ACCEPTED | {"letter": hx("letter 2")}))
    v("other-slip", bad, "the same letter with another signature", one(ACCEPTED | {"slip": hx("slip 2")}))
    v("refused", bad, "a refusal, which is no receipt", one(fields("refused", 1767225601, (0, ""), letter=LETTER, slip=SLIP, code="stale", refusal=hx("letter 2"))))
    v("other-log", bad, "an event of another log", one(ACCEPTED | {"log": OTHER.name}))
    v("unsigned", "log.unsigned", "only the witness signed", receipt(E1, 1, proof, note(3, ROOT3, PEER)))
    t = text(3, ROOT3)
    v("signature-bit", "log.signature-invalid", "one bit of the log's signature", receipt(E1, 1, proof, t + b"\n" + line(LOG.name, flip(LOG.id + LOG.sign(t), 40))))
    junk = b"not an event\n"
    v("junk", BAD, "a leaf that is no event", receipt(junk, 0, [], note(1, leaf(sha(junk)))))
    forms = {
        "header-v2": ("another version", whole.replace(b"proof@v1", b"proof@v2")), "no-header": ("no header", whole.split(b"\n", 1)[1]), "crlf": ("CR LF", whole.replace(b"\n", b"\r\n")),
        "no-extra": ("no event", b"c2sp.org/tlog-proof@v1\n" + whole.split(b"\n", 2)[2]), "extra-empty": ("an empty event", receipt(b"", 1, proof, NOTE3)),
        "extra-not-base64": ("an event in no base64", whole.replace(b"extra ", b"extra !")), "extra-twice": ("two events", whole.replace(b"index", b"extra AAAA\nindex")),
        "no-index": ("no number", whole.replace(b"index 1\n", b"")), "index-leading-zero": ("01", whole.replace(b"index 1", b"index 01")), "index-negative": ("-1", whole.replace(b"index 1", b"index -1")),
        "index-2-53": ("2^53", receipt(E1, 2**53, proof, NOTE3)), "hash-31": ("a hash of 31 bytes", receipt(E1, 1, [proof[0][:31], proof[1]], NOTE3)),
        "hash-33": ("a hash of 33 bytes", receipt(E1, 1, [proof[0] + b"\0", proof[1]], NOTE3)), "hashes-64": ("more hashes than any tree is high", receipt(E1, 1, [ROOT3] * 64, NOTE3)),
        "no-empty-line": ("no empty line", whole.replace(b"=\n\n" + LOG.name.encode(), b"=\n" + LOG.name.encode())), "cut": ("half of it", whole[:len(whole) // 2]), "empty": ("nothing", b"")}
    for title, (comment, data) in forms.items(): v(title, BAD, comment, data)


def advances():
    """What a witness answers that knows LOG alone."""
    def v(title, expect, comment, data, size=3):
        write("advance", title, str(expect), "5.2", comment, data, recorded=f"{size} {root(TREE[:size]).hex()}")
    to = lambda old, new=11: advance(old, subproof(old, TREE[:new], True) if 0 < old else [], note(new, root(TREE[:new]), LOG))
    v("valid", 200, "from 3 to 11 leaves", to(3))
    v("valid-first", 200, "the first checkpoint", to(0), 0)
    v("valid-power-of-two", 200, "from 4 leaves, whose root is its own first hash", to(4), 4)
    v("valid-heartbeat", 200, "the same tree again", to(3, 3))
    v("valid-empty", 200, "a log without leaves", advance(0, [], note(0, sha(b""), LOG)), 0)
    v("valid-cosigned", 200, "signatures of others do not matter", advance(3, subproof(3, TREE, True), note(11, root(TREE), LOG, PEER, THIRD)))
    v("unknown-log", 404, "another log", advance(3, subproof(3, TREE, True), note(11, root(TREE), OTHER, origin=OTHER.name)))
    v("unknown-log-bad-signature", 404, "another log, whose signature is bad", advance(3, [], text(11, root(TREE), OTHER.name) + b"\n" + line(OTHER.name, OTHER.id + bytes(64))))
    v("unsigned", 403, "signed by somebody else", advance(3, subproof(3, TREE, True), note(11, root(TREE), THIRD)))
    t = text(11, root(TREE))
    v("signature-bit", 403, "a bad signature of the log", advance(3, subproof(3, TREE, True), t + b"\n" + line(LOG.name, flip(LOG.id + LOG.sign(t), 40))))
    v("good-and-bad", 403, "a good and a bad signature of the log", advance(3, subproof(3, TREE, True), t + b"\n" + LOG.line(t) + line(LOG.name, flip(LOG.id + LOG.sign(t), 40))))
    v("old-above", 400, "an old size above the new one", advance(4, [], note(3, ROOT3, LOG)))
    v("old-above-unsigned", 403, "the same, unsigned: the signature comes first", advance(4, [], note(3, ROOT3, THIRD)))
    v("old-0", 409, "the witness knows more", to(0))
    v("old-2", 409, "from another size", to(2))
    v("old-4", 409, "from a size the witness has not seen", to(4))
    v("first-from-3", 409, "the witness knows nothing", to(3), 0)
    v("proof-missing", 422, "no proof", advance(3, [], note(11, root(TREE), LOG)))
    v("proof-bit", 422, "one bit of the proof", advance(3, [flip(subproof(3, TREE, True)[0], 3)] + subproof(3, TREE, True)[1:], note(11, root(TREE), LOG)))
    v("proof-more", 422, "a hash too many", advance(3, subproof(3, TREE, True) + [ROOT3], note(11, root(TREE), LOG)))
    v("proof-from-nothing", 422, "a proof from no leaves", advance(0, [ROOT3], note(11, root(TREE), LOG)), 0)
    v("proof-to-itself", 422, "a proof between equal trees", advance(3, [ROOT3], note(3, ROOT3, LOG)))
    v("other-root", 422, "another root for the recorded size", advance(3, [], note(3, sha(b"x"), LOG)))
    fork = TREE[:2] + [sha(b"another leaf 2")] + TREE[3:]
    v("fork", 422, "a tree in which leaf 2 is another", advance(3, subproof(3, fork, True), note(11, root(fork), LOG)))
    v("empty-other-root", 422, "a log without leaves that has a root", advance(0, [], note(0, ROOT3, LOG)), 0)
    whole = to(3)
    forms = {
        "old-missing": ("no old size", whole.split(b"\n", 1)[1]), "old-leading-zero": ("old 03", whole.replace(b"old 3", b"old 03")), "old-empty": ("no number", whole.replace(b"old 3", b"old ")),
        "old-negative": ("old -3", whole.replace(b"old 3", b"old -3")), "old-upper": ("Old", whole.replace(b"old", b"Old")), "hash-31": ("a hash of 31 bytes", advance(3, [ROOT3[:31]], note(11, root(TREE), LOG))),
        "hashes-64": ("more hashes than allowed", advance(3, [ROOT3] * 64, note(11, root(TREE), LOG))), "no-empty-line": ("no empty line", whole.replace(b"=\n\n" + LOG.name.encode(), b"=\n" + LOG.name.encode())),
        "no-checkpoint": ("no checkpoint", whole.split(b"\n\n")[0] + b"\n\n"), "extension-line": ("a checkpoint with a fourth line", advance(3, [], (t + b"more\n") + b"\n" + LOG.line(t + b"more\n"))),
        "crlf": ("CR LF", whole.replace(b"\n", b"\r\n")), "empty": ("nothing", b"")}
    for title, (comment, data) in forms.items(): v(title, 400, comment, data)


def policies():
    v = lambda title, expect, comment, data: write("policy", title, expect, "5.1", comment, data if isinstance(data, bytes) else data.encode())
    log, peer, third = f"log {LOG.vkey}\n", f"witness peer {PEER.vkey}\n", f"witness third {THIRD.vkey}\n"
    v("valid", "opens", "the example", POLICY)
    v("valid-third", "opens", "both witnesses have to have signed", log + peer + third + "group q all peer third\nquorum q\n")
    v("valid-nested", "opens", "a group of a group, thresholds in digits", log + peer + third + "group a 1 third\ngroup q 2 peer a\nquorum q\n")
    v("valid-none", "opens", "nobody has to have signed", log + "quorum none\n")
    v("valid-layout", "opens", "tabs, spaces, comments, addresses, no last line feed", "# 2026\n\n \t" + f"log\t{LOG.vkey}  https://in.kheya.example/\n  # peer\n" + peer + "quorum  peer")
    v("own-witness", "log.policy", "the log's operator as its witness", log + f"witness own {OWN.vkey}\nquorum own\n")
    v("own-witness-unused", "log.policy", "the same, not even counted", log + peer + f"witness own {OWN.vkey}\nquorum peer\n")
    v("key-twice", "log.policy", "one key under two names", log + peer + f"witness too {Key('x.example/w', 4, bytes(range(32, 64))).vkey}\ngroup q 2 peer too\nquorum q\n")
    v("log-key-as-witness", "log.policy", "the log's key as a witness of another name", log + f"witness w {Key('x.example/w', 4, bytes(range(32))).vkey}\nquorum w\n")
    bad = {
        "empty": ("nothing", ""), "no-quorum": ("no quorum", log + peer), "quorum-twice": ("two quorums", POLICY + "quorum none\n"), "quorum-unknown": ("an unknown name", log + "quorum peer\n"),
        "quorum-before": ("a name defined later", log + "quorum peer\n" + peer), "name-twice": ("a name twice", log + peer + third.replace("third", "peer") + "quorum peer\n"),
        "name-none": ("a witness called none", log + peer.replace("peer", "none", 1) + "quorum none\n"), "member-unknown": ("a group of nobody known", log + peer + "group q all peer third\nquorum q\n"),
        "member-twice": ("a member twice", log + peer + "group q 2 peer peer\nquorum q\n"), "member-in-two": ("a member of two groups", log + peer + third + "group a any peer\ngroup q any peer third\nquorum q\n"),
        "group-empty": ("a group without members", log + peer + "group q all\nquorum q\n"), "threshold-0": ("none of them", log + peer + "group q 0 peer\nquorum q\n"),
        "threshold-3": ("three of two", log + peer + third + "group q 3 peer third\nquorum q\n"), "threshold-01": ("01", log + peer + "group q 01 peer\nquorum q\n"),
        "log-as-witness": ("a log's key as a witness", log + f"witness w {OTHER.vkey}\nquorum w\n"), "witness-as-log": ("a witness' key as a log", f"log {PEER.vkey}\nquorum none\n"),
        "line-unknown": ("a line nobody knows", POLICY + "trust all\n"), "too-many-words": ("a word too many", log + peer + "quorum peer third\n"), "crlf": ("CR LF", POLICY.replace("\n", "\r\n")),
        "nul": ("a zero byte", POLICY + "\0"), "not-utf8": ("bytes that are not UTF-8", POLICY.encode() + b"# \xff\n")}
    for title, (comment, data) in bad.items(): v(title, BAD, comment, data)


keys(), events(), notes(), receipts(), advances(), policies()
print(COUNT, "vectors")
# What Log.md §1 prints.
for title, value in (("vkeys", LOG.vkey), ("", PEER.vkey), ("leaf data 1", LEAVES[1].hex()), *((f"leaf hash {i}", leaf(d).hex()) for i, d in enumerate(LEAVES)), ("root(3)", ROOT3.hex()),
                     ("event 1", f"{len(E1)} bytes"), ("note", f"{len(NOTE3)} bytes, {sha(NOTE3).hex()}"), ("receipt", f"{len(receipt(E1, 1, path(1, LEAVES), NOTE3))} bytes, {sha(receipt(E1, 1, path(1, LEAVES), NOTE3)).hex()}")):
    print(f"{title:12} {value}")
