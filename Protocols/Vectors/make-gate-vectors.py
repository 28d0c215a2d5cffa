#!/usr/bin/env python3
# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""Makes the vectors of gate-slip/, gate-part/ and seal/, and keys/.

A second implementation of Letter-CMS.md from its text, with nothing but the standard library: slow, and the same bytes each time,
because everything random is derived from a name. Never use it, or a key under keys/, for anything else.

    python3 Protocols/Vectors/make-gate-vectors.py [folder]
"""
import base64, hashlib, hmac, json, os, sys

HERE = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
sha = lambda b: hashlib.sha256(b).digest()


def rnd(name, n):
    return b"".join(sha(f"kheya vector {name} {i}".encode()) for i in range((n + 31) // 32))[:n]


# ---- P-256, ECDSA with RFC 6979 nonces, ECDH ----
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(p, q):
    if p is None: return q
    if q is None: return p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0: return None
        m = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P) % P
    else:
        m = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (m * m - p[0] - q[0]) % P
    return x, (m * (p[0] - x) - p[1]) % P


def mul(k, p):
    r = None
    while k:
        if k & 1: r = add(r, p)
        p = add(p, p)
        k >>= 1
    return r


b32 = lambda n: n.to_bytes(32, "big")
num = lambda b: int.from_bytes(b, "big")
point = lambda q: b"\4" + b32(q[0]) + b32(q[1])


class Key:
    def __init__(self, name):
        self.d = num(rnd(f"key {name}", 32)) % (N - 1) + 1
        self.q = mul(self.d, G)
        self.point = point(self.q)
        self.id = sha(self.point)[:20]

    def sign(self, message):
        h = sha(message)
        k, v = b"\0" * 32, b"\1" * 32
        seed = b32(self.d) + b32(num(h) % N)
        for mark in (b"\0", b"\1"):
            k = hmac.digest(k, v + mark + seed, "sha256")
            v = hmac.digest(k, v, "sha256")
        while True:
            v = hmac.digest(k, v, "sha256")
            n = num(v)
            if 0 < n < N:
                r = mul(n, G)[0] % N
                s = pow(n, -1, N) * (num(h) + r * self.d) % N
                return r, s
            k = hmac.digest(k, v + b"\0", "sha256")
            v = hmac.digest(k, v, "sha256")


# ---- AES-256: block, key wrap (RFC 3394), GCM ----
def xtime(a): return (a << 1) ^ (0x11B if a & 0x80 else 0)


EXP, LOG = [0] * 256, [0] * 256
_x = 1
for _i in range(255):
    EXP[_i], LOG[_x] = _x, _i
    _x ^= xtime(_x)
SBOX = []
for _i in range(256):
    _b = EXP[(255 - LOG[_i]) % 255] if _i else 0
    _r = _b
    for _ in range(4):
        _b = (_b << 1 | _b >> 7) & 255
        _r ^= _b
    SBOX.append(_r ^ 0x63)


def aes(key):
    w, rcon = [list(key[4 * i:4 * i + 4]) for i in range(8)], 1
    for i in range(8, 60):
        t = list(w[i - 1])
        if i % 8 == 0:
            t = [SBOX[b] for b in t[1:] + t[:1]]
            t[0] ^= rcon
            rcon = xtime(rcon)
        elif i % 8 == 4:
            t = [SBOX[b] for b in t]
        w.append([a ^ b for a, b in zip(w[i - 8], t)])
    keys = [sum(w[4 * r:4 * r + 4], []) for r in range(15)]

    def block(data):
        s = [a ^ b for a, b in zip(data, keys[0])]
        for r in range(1, 15):
            s = [SBOX[b] for b in s]
            s = [s[(i + 4 * (i % 4)) % 16] for i in range(16)]
            if r < 14:
                o = []
                for c in range(4):
                    a = s[4 * c:4 * c + 4]
                    t = a[0] ^ a[1] ^ a[2] ^ a[3]
                    o += [a[i] ^ t ^ xtime(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
                s = o
            s = [a ^ b for a, b in zip(s, keys[r])]
        return bytes(s)

    return block


def wrap(kek, key):
    e, a, r = aes(kek), b"\xA6" * 8, [key[i:i + 8] for i in range(0, len(key), 8)]
    n = len(r)
    for j in range(6):
        for i in range(n):
            c = e(a + r[i])
            a = (num(c[:8]) ^ (n * j + i + 1)).to_bytes(8, "big")
            r[i] = c[8:]
    return a + b"".join(r)


def gcm(key, nonce, plain):
    e = aes(key)
    h = num(e(b"\0" * 16))
    assert len(nonce) == 12

    def times(x, y):
        z = 0
        for i in range(127, -1, -1):
            if x >> i & 1: z ^= y
            y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
        return z

    out, y = b"", 0
    for i in range(0, len(plain), 16):
        piece = plain[i:i + 16]
        c = bytes(a ^ b for a, b in zip(piece, e(nonce + (i // 16 + 2).to_bytes(4, "big"))))
        out += c
        y = times(y ^ num(c.ljust(16, b"\0")), h)
    y = times(y ^ len(out) * 8, h)
    tag = bytes(a ^ b for a, b in zip(y.to_bytes(16, "big"), e(nonce + b"\0\0\0\1")))
    return out, tag


# ---- DER ----
def tlv(t, b):
    n = len(b); s = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([t]) + (bytes([n]) if n < 128 else bytes([128 | len(s)]) + s) + b


def kids(b):
    out, i = [], 0
    while i < len(b):
        t, n, j = b[i], b[i + 1], i + 2
        if n & 128: k = n & 127; n = num(b[j:j + k]); j += k
        out.append([t, b[j:j + n]]); i = j + n
    return out


tree = lambda t, b: [t, [tree(*k) for k in kids(b)] if t & 0x20 else b]
load = lambda b: tree(*kids(b)[0])
ser = lambda n: tlv(n[0], n[1] if isinstance(n[1], bytes) else b"".join(map(ser, n[1])))
seq = lambda *c: tlv(0x30, b"".join(c))
inner = lambda m: m[1][1][1][0][1]      # slip: [version, digests, content, certificates, signers]; part: [version, recipients, content, mac]
signer = lambda m: inner(m)[4][1][0][1]  # [version, sid, digest, signedAttrs, algorithm, signature]


def integer(n): return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(text):
    parts = [int(p) for p in text.split(".")]
    out = b""
    for n in [40 * parts[0] + parts[1]] + parts[2:]:
        s = [n & 127]
        while n > 127:
            n >>= 7
            s.insert(0, 128 | n & 127)
        out += bytes(s)
    return tlv(6, out)


SLIP = oid("2.25.2228330404481151382900030875683980796")
DATA = oid("1.2.840.113549.1.7.1")
SIGNED, ENVELOPED, AUTH = oid("1.2.840.113549.1.7.2"), oid("1.2.840.113549.1.7.3"), oid("1.2.840.113549.1.9.16.1.23")
SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"))
ECDSA = seq(oid("1.2.840.10045.4.3.2"))
WRAP = seq(oid("2.16.840.1.101.3.4.1.45"))
EC = oid("1.2.840.10045.2.1")


# ---- Certificates ----
def name(country, common):
    pair = lambda o, t, v: tlv(0x31, seq(oid(o), tlv(t, v.encode())))
    return seq(pair("2.5.4.6", 0x13, country), pair("2.5.4.3", 0x0C, common))


class Certificate:
    def __init__(self, title, subject, key, usage, purposes, issuer=None):
        root = issuer is None
        issuer_key, self.issuer = (key, subject) if root else (issuer.key, issuer.subject)
        self.key, self.subject, self.serial = key, subject, bytes([0x40]) + rnd(f"serial {title}", 15)
        ext = lambda o, v, critical=False: seq(oid(o), b"\1\1\xFF" if critical else b"", tlv(4, v))
        extensions = [ext("2.5.29.15", usage, True), ext("2.5.29.14", tlv(4, key.id)), ext("2.5.29.35", seq(tlv(0x80, issuer_key.id))),
                      ext("2.5.29.19", seq(b"\1\1\xFF\2\1\0" if root else b""), True)]
        if purposes: extensions.append(ext("2.5.29.37", seq(*[oid("1.3.6.1.5.5.7.3." + p) for p in purposes])))
        body = seq(b"\xA0\3\2\1\2", tlv(2, self.serial), ECDSA, self.issuer, seq(tlv(0x17, b"250101000000Z"), tlv(0x17, b"491231235959Z")),
                   subject, seq(seq(EC, oid("1.2.840.10045.3.1.7")), tlv(3, b"\0" + key.point)), tlv(0xA3, seq(*extensions)))
        self.der = seq(body, ECDSA, tlv(3, b"\0" + der_signature(*issuer_key.sign(body))))
        self.digest = sha(self.der)


def der_signature(r, s): return seq(integer(r), integer(s))


SIGN, AGREE, CERTIFY = b"\3\2\7\x80", b"\3\2\3\x08", b"\3\2\1\x86"
ROOT = Certificate("root", name("IN", "Vector authority, not a real one"), Key("root"), CERTIFY, [])
SENDER = Certificate("signer", name("IN", "in:vector-shelter"), Key("signer"), SIGN, "4", ROOT)
SECOND = Certificate("second", name("IN", "in:vector-second"), Key("second"), SIGN, "4", ROOT)
STRANGER = Certificate("stranger", name("IN", "in:vector-stranger"), Key("stranger"), SIGN, "4", ROOT)
READER = Certificate("reader", name("BD", "bd:vector-ngo"), Key("reader"), AGREE, "", ROOT)
LINK = Certificate("link", name("IN", "in:vector-shelter"), Key("link"), SIGN, "21", ROOT)

CASE = "00112233445566778899aabbccddeeff"
canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
CONTENT = canonical({
    "v": 1, "type": "step", "lane": "normal", "from": "in:vector-shelter", "case": CASE, "at": 1767225600, "expires": 1767312000,
    "to": [{"member": "bd:vector-ngo", "certificate": READER.digest.hex(), "epoch": 1, "sequence": 1}],
    "profile": {"id": "in-bd-repatriation", "version": "0.4.0", "digest": sha(b"a profile").hex()},
    "steps": [{"code": "REFERRAL_OFFER"}]})


# ---- A slip, with one thing changed ----
attribute = lambda o, *values: seq(oid("1.2.840.113549.1.9." + o), tlv(0x31, b"".join(values)))


def ess(certificate, digest=None, algorithm=b"", issuer=True):
    return seq(seq(seq(algorithm, tlv(4, digest or certificate.digest),
                       seq(seq(tlv(0xA4, certificate.issuer)), tlv(2, certificate.serial)) if issuer else b"")))


def attributes(content, certificate, **kw):
    out = {"signingTime": attribute("5", tlv(0x17, b"260101000000Z")), "contentType": attribute("3", SLIP),
           "messageDigest": attribute("4", tlv(4, sha(content))), "ess": attribute("16.2.47", ess(certificate))}
    out.update(kw)
    return sorted(v for v in out.values() if v)


def slip(content=CONTENT, certificate=SENDER, attrs=None, signature=None, algorithm=ECDSA, digest=SHA256, type=SLIP, **kw):
    attrs = attributes(content, certificate, **kw) if attrs is None else attrs
    joined = b"".join(attrs)
    signature = signature or der_signature(*certificate.key.sign(tlv(0x31, joined) if attrs else content))
    info = seq(b"\2\1\3", tlv(0x80, certificate.key.id), digest, tlv(0xA0, joined) if attrs else b"", algorithm, tlv(4, signature))
    return seq(SIGNED, tlv(0xA0, seq(b"\2\1\3", tlv(0x31, digest), seq(type, tlv(0xA0, tlv(4, content))), tlv(0xA0, certificate.der), tlv(0x31, info))))


def edit(file, change):
    m = load(file)
    change(m)
    return ser(m)


# ---- A part ----
def plaintext(content=b'{"event":"VECTOR","fields":{},"form":"vector"}', salt=None, header=None, padding=None, tail=b"", **kw):
    fields = {"case": CASE, "from": "in:vector-shelter", "kind": "form", "length": len(content), "to": "bd:vector-ngo"}
    fields.update(kw)
    header = canonical(fields) if header is None else header
    out = (salt or rnd("salt", 32)) + len(header).to_bytes(4, "big") + header + content
    size = padme(len(out)) if padding is None else len(out) + padding
    return out + tail.rjust(size - len(out), b"\0")


def padme(n):
    e = n.bit_length() - 1
    s = e.bit_length()
    mask = (1 << (e - s)) - 1 if e > s else 0
    return (n + mask) & ~mask


def part(plain, title="part", to=READER, key_id=None):
    fresh, cek, nonce = Key(f"fresh {title}"), rnd(f"content key {title}", 32), rnd(f"nonce {title}", 12)
    z = b32(mul(fresh.d, to.key.q)[0])
    shared = seq(WRAP, tlv(0xA2, tlv(4, b"\0\0\1\0")))
    kek = sha(z + b"\0\0\0\1" + shared)
    text, tag = gcm(cek, nonce, plain)
    info = tlv(0xA1, b"\2\1\3" + tlv(0xA0, tlv(0xA1, seq(EC) + tlv(3, b"\0" + fresh.point)))
               + seq(oid("1.3.132.1.11.1"), WRAP) + seq(seq(tlv(0xA0, tlv(4, key_id or to.key.id)), tlv(4, wrap(kek, cek)))))
    body = seq(DATA, seq(oid("2.16.840.1.101.3.4.1.46"), seq(tlv(4, nonce), b"\2\1\x10")), tlv(0x80, text))
    return seq(AUTH, tlv(0xA0, seq(b"\2\1\0", tlv(0x31, info), body, tlv(4, tag))))


# ---- Writing ----
# What stock `openssl cms` opens all the same, 3.0.19 and 3.0.22: found by trying, and tried again by the tests.
ALSO_STOCK = """constructed-string digest-twice ess-other-certificate ess-other-serial generalized-time integer-negative length-five-bytes
s04-attribute-order s11-crl s12-ed25519 s12-p384 s12-rsa signed-type-differs time-not-digits version-1 without-ess without-signingtime
a16-many-recipients a4-tag-4 a4-tag-8 a4-tag-12 a4-tag-13 a4-tag-14 a4-tag-15 bit-string-unused-bits ciphertext-empty originator-compressed
originator-info version-2""".split()
# Only 3.0.19 (CVE-2026-34182 and its kind).
STOCK_3_0_19 = "a4-tag-1 a4-tag-1-told a4-tag-2 a4-tag-2-told a4-tag-3 a4-tag-3-told a6-cfb a6-ofb".split()


def write(folder, title, expect, section, comment, data, **fields):
    if title in ALSO_STOCK: comment += "; opens with stock openssl cms"
    if title in STOCK_3_0_19: comment += "; opens with openssl cms 3.0.19"
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    lines = [f"expect: {expect}", f"section: Letter-CMS.md §{section}", f"comment: {comment}"]
    lines += [f"{k}: {v}" for k, v in fields.items()] + ["encoding: hex", ""]
    text = data.hex()
    lines += [text[i:i + 120] for i in range(0, len(text), 120)]
    with open(os.path.join(HERE, folder, title), "w") as f:
        f.write("\n".join(lines) + "\n")


def pem(label, data):
    text = base64.b64encode(data).decode()
    return f"-----BEGIN {label}-----\n" + "".join(text[i:i + 64] + "\n" for i in range(0, len(text), 64)) + f"-----END {label}-----\n"


def keys():
    os.makedirs(os.path.join(HERE, "keys"), exist_ok=True)
    for title, certificate in [("root", ROOT), ("signer", SENDER), ("second", SECOND), ("stranger", STRANGER), ("reader", READER), ("link", LINK)]:
        with open(os.path.join(HERE, "keys", title + ".pem"), "w") as f: f.write(pem("CERTIFICATE", certificate.der))
    # The one private key that reading the vectors takes: it opens their parts.
    key = READER.key
    private = seq(b"\2\1\1", tlv(4, b32(key.d)), tlv(0xA1, tlv(3, b"\0" + key.point)))
    with open(os.path.join(HERE, "keys", "reader-test-vector.key"), "w") as f:
        f.write(pem("PRIVATE KEY", seq(b"\2\1\0", seq(EC, oid("1.2.840.10045.3.1.7")), tlv(4, private))))


def slips():
    good = slip()
    stock = "; opens with stock openssl cms"
    v = lambda title, expect, section, comment, data: write("gate-slip", title, expect, section, comment, data)
    profile = lambda title, section, comment, data: v(title, "gate.profile", section, comment, data)
    malformed = lambda title, comment, data: v(title, "gate.malformed", "2", comment, data)
    v("valid", "opens", "3.1", "a slip by its member's signing certificate", good)
    v("valid-root", "opens", "3.1", "a slip by the authority's own certificate", slip(certificate=ROOT))
    r, s = SENDER.key.sign(tlv(0x31, b"".join(attributes(CONTENT, SENDER))))
    v("valid-a11-mirrored-signature", "opens", "3.3", "A11, S14: (r, n - s) is valid too; the letter id is the same", slip(signature=der_signature(r, N - s)))
    # DER
    malformed("empty", "no byte at all", b"")
    malformed("one-byte", "one byte", b"\x30")
    malformed("a8-trailing-byte", "A8, P02: one zero byte follows the ContentInfo" + stock, good + b"\0")
    malformed("a8-second-content-info", "A8, P02: the ContentInfo stands twice" + stock, good + good)
    malformed("cut", "the last byte is missing", good[:-1])
    head, body = good[:4], good[4:]
    assert head[1] == 0x82
    malformed("length-five-bytes", "P02: a length of the outer SEQUENCE in five bytes", b"\x30\x85\0\0\0" + head[2:] + body)
    malformed("length-not-shortest", "P02: a length in three bytes where two do" + stock, b"\x30\x83\0" + head[2:] + body)
    malformed("a9-indefinite-outer", "A9, P03: the outer length is indefinite" + stock, b"\x30\x80" + body + b"\0\0")
    m = load(good)
    fields = [ser(x) for x in inner(m)]
    streamed = seq(SLIP, b"\xA0\x80\x24\x80" + tlv(4, CONTENT) + b"\0\0\0\0")
    malformed("a9-indefinite-inner", "A9, P03: the content in indefinite lengths, as -stream writes it" + stock,
              seq(SIGNED, tlv(0xA0, seq(fields[0], fields[1], streamed, fields[3], fields[4]))))
    def constructed(m): inner(m)[2][1][1][1][0] = [0x24, [[4, CONTENT[:9]], [4, CONTENT[9:]]]]
    malformed("constructed-string", "the content in two octet strings", edit(good, constructed))
    malformed("nested-18", "P04: 18 SEQUENCEs in each other", nest(18))
    malformed("nested-3000", "P04: 3,000 SEQUENCEs in each other", nest(3000))
    malformed("elements-401", "P04: 400 NULLs in a SEQUENCE", seq(b"\5\0" * 400))
    malformed("high-tag-number", "a tag number above 30", seq(b"\x1F\x81\0\0"))
    malformed("integer-not-shortest", "the version in two bytes", edit(good, lambda m: inner(m).__setitem__(0, [2, b"\0\3"])))
    malformed("integer-negative", "a negative version", edit(good, lambda m: inner(m).__setitem__(0, [2, b"\xFD"])))
    malformed("beyond-parent", "P02: a child longer than its parent", seq(b"\4\5\0"))
    # ContentInfo
    for title, number in [("data", "1.2.840.113549.1.7.1"), ("enveloped", "1.2.840.113549.1.7.3"), ("compressed", "1.2.840.113549.1.9.16.1.9")]:
        profile(f"type-{title}", "3.1 row 0", f"P06: a ContentInfo of another type, {title}", seq(oid(number), tlv(0xA0, seq(b"\2\1\0"))))
    profile("a-part", "3.1 row 0", "a part where a slip belongs", part(plaintext()))
    profile("version-1", "3.1 row 1", "SignedData version 1", edit(good, lambda m: inner(m).__setitem__(0, [2, b"\1"])))
    sha1, sha512 = seq(oid("1.3.14.3.2.26")), seq(oid("2.16.840.1.101.3.4.2.3"))
    for title, algorithm in [("sha1", sha1), ("md5", seq(oid("1.2.840.113549.2.5"))), ("sha512", sha512)]:
        digest = hashlib.new(title, CONTENT).digest()
        profile("a12-digest-" + title, "3.1 row 2", f"A12, S06: digest algorithm {title}", slip(digest=algorithm, messageDigest=attribute("4", tlv(4, digest))))
    profile("digest-null", "3.1 row 2", "digest algorithm with NULL parameters" + stock, slip(digest=seq(oid("2.16.840.1.101.3.4.2.1"), b"\5\0")))
    profile("digest-twice", "3.1 row 2", "two digest algorithms", edit(good, lambda m: inner(m)[1][1].append(inner(m)[1][1][0])))
    # Content
    profile("a2-content-type", "3.1 row 3", "A2, S03: the content is id-data, the signed attribute says slip" + stock, slip(type=DATA))
    profile("content-type-data", "3.1 row 3", "S03: id-data in both places" + stock, slip(type=DATA, contentType=attribute("3", DATA)))
    profile("signed-type-differs", "3.1 row 6", "S03: the content is a slip, the signed attribute says id-data", slip(contentType=attribute("3", DATA)))
    profile("detached", "3.1 row 3", "S12: no content in the file", edit(good, lambda m: inner(m)[2][1].pop()))
    profile("content-empty", "3.1 row 3", "no byte of content" + stock, slip(content=b""))
    profile("content-no-braces", "3.1 row 3", "content that is no object" + stock, slip(content=b"[]"))
    profile("content-65537", "3.1 row 3", "content of 65,537 bytes" + stock, slip(content=b"{" + b" " * 65535 + b"}"))
    # Certificates
    profile("s11-no-certificate", "3.1 row 4", "S11: no certificate", edit(good, lambda m: inner(m).pop(3)))
    profile("a10-two-certificates", "3.1 row 4", "A10, S11: two certificates" + stock, edit(good, lambda m: inner(m)[3][1].append(load(SECOND.der))))
    profile("s11-crl", "3.1 row 4", "S11: a field for revocation lists", edit(good, lambda m: inner(m).insert(4, [0xA1, []])))
    profile("other-certificate", "3.1 row 6", "the certificate of another member beside the signature", edit(good, lambda m: inner(m)[3][1].__setitem__(0, load(SECOND.der))))
    # Signers
    profile("s07-no-signer", "3.1 row 5", "S07: no signer", edit(good, lambda m: inner(m)[4][1].clear()))
    second = inner(load(slip(certificate=SECOND)))
    def two(m):
        inner(m)[3][1].append(second[3][1][0])
        inner(m)[4][1] = sorted([inner(m)[4][1][0], second[4][1][0]], key=ser)
    profile("a13-two-signers", "3.1 row 4", "A13, S07: two signers, both certified" + stock, edit(good, two))
    profile("s07-two-signer-infos", "3.1 row 5", "S07: two signers, one certificate", edit(good, lambda m: inner(m)[4][1].append(second[4][1][0])))
    def serial(m):
        signer(m)[0][1] = b"\1"
        signer(m)[1] = load(seq(SENDER.issuer, tlv(2, SENDER.serial)))
    profile("issuer-and-serial", "3.1 row 5", "a signer named by issuer and serial number" + stock, edit(good, serial))
    profile("other-key-id", "3.2 step 3", "another key id than the certificate's", edit(good, lambda m: signer(m).__setitem__(1, [0x80, SECOND.key.id])))
    profile("key-id-19", "3.1 row 5", "a key id of 19 bytes", edit(good, lambda m: signer(m).__setitem__(1, [0x80, SENDER.key.id[:19]])))
    # Attributes
    profile("a3-no-attributes", "3.1 row 6", "A3, S01: no signed attributes, the content is signed" + stock, slip(attrs=[]))
    def forge(m):
        inner(m)[2] = load(seq(DATA, tlv(0xA0, tlv(4, tlv(0x31, b"".join(map(ser, signer(m)[3][1])))))))
        del signer(m)[3]
    profile("a1-attributes-as-content", "3.1 row 3", "A1, S02: the signed attributes become the content, the signature stays good" + stock, edit(good, forge))
    def forge_typed(m):
        inner(m)[2] = load(seq(SLIP, tlv(0xA0, tlv(4, tlv(0x31, b"".join(map(ser, signer(m)[3][1])))))))
        del signer(m)[3]
    profile("a1-typed", "3.1 row 3", "A1, S02: the same under the type of a slip" + stock, edit(good, forge_typed))
    profile("s04-attribute-order", "3.1 row 6", "S04: attributes not in DER order; the signature is over this order", slip(attrs=list(reversed(attributes(CONTENT, SENDER)))))
    profile("attribute-twice", "3.1 row 6", "an attribute stands twice", slip(attrs=sorted(attributes(CONTENT, SENDER)[:3] + attributes(CONTENT, SENDER)[:1])))
    profile("attribute-fifth", "3.1 row 6", "a fifth attribute" + stock, slip(more=attribute("13", tlv(0x0C, b"a"))))
    profile("attribute-two-values", "3.1 row 6", "an attribute with two values", slip(signingTime=attribute("5", tlv(0x17, b"260101000000Z"), tlv(0x17, b"260101000001Z"))))
    for title in ["signingTime", "contentType", "messageDigest", "ess"]:
        profile("without-" + title.lower(), "3.1 row 6", f"S10: no attribute {title}", slip(**{title: None}))
    profile("ess-sha1-form", "3.1 row 6", "S10: the SHA-1 form of the signing certificate" + stock,
            slip(ess=attribute("16.2.12", seq(seq(seq(tlv(4, hashlib.sha1(SENDER.der).digest())))))))
    profile("ess-other-certificate", "3.1 row 6", "the attribute names another certificate", slip(ess=attribute("16.2.47", ess(SECOND))))
    profile("ess-other-serial", "3.1 row 6", "the right hash with another certificate's serial number", slip(ess=attribute("16.2.47", ess(SECOND, digest=SENDER.digest))))
    profile("ess-no-serial", "3.1 row 6", "no issuer and serial number" + stock, slip(ess=attribute("16.2.47", ess(SENDER, issuer=False))))
    profile("ess-hash-named", "3.1 row 6", "the default hash is named: not DER" + stock, slip(ess=attribute("16.2.47", ess(SENDER, algorithm=SHA256))))
    profile("generalized-time", "3.1 row 6", "a signing time as GeneralizedTime", slip(signingTime=attribute("5", tlv(0x18, b"20260101000000Z"))))
    profile("time-not-digits", "3.1 row 6", "a signing time that is none", slip(signingTime=attribute("5", tlv(0x17, b"2601010000+0Z"))))
    profile("s05-content-changed", "3.1 row 6", "S05: the content is changed, the digest kept",
            edit(good, lambda m: inner(m)[2][1][1][1].__setitem__(0, [4, CONTENT.replace(b"normal", b"urgent")])))
    def digest_changed(m):
        for a in signer(m)[3][1]:
            if ser(a[1][0]) == oid("1.2.840.113549.1.9.4"): a[1][1][1][0][1] = sha(b"other")
    profile("s05-digest-changed", "3.1 row 6", "S05: the digest is changed, the content kept", edit(good, digest_changed))
    # Signature
    profile("a10-unsigned-attribute", "3.1 row 8", "A10, S11: an unsigned attribute" + stock, edit(good, lambda m: signer(m).append([0xA1, [load(attribute("13", tlv(0x0C, b"a")))]])))
    for title, algorithm in [("rsa", seq(oid("1.2.840.113549.1.1.1"), b"\5\0")), ("p384", seq(oid("1.2.840.10045.4.3.3"))), ("ed25519", seq(oid("1.3.101.112")))]:
        profile("s12-" + title, "3.1 row 7", f"S12: signature algorithm {title}", slip(algorithm=algorithm))
    def both(change):
        def apply(m):
            inner(m)[2][1][1][1][0] = [4, change]
            signer(m)[3][1] = [load(a) for a in attributes(change, SENDER)]
        return apply
    v("s05-both-changed", "signature.invalid", "3.2 step 4", "content and digest are changed, the signature kept", edit(good, both(CONTENT.replace(b"1767225600", b"1767225601"))))
    sig = lambda data: edit(good, lambda m: signer(m).__setitem__(5, [4, data]))
    malformed("s13-r-zero", "S13: r is zero", sig(der_signature(0, s)))
    malformed("s13-s-zero", "S13: s is zero", sig(der_signature(r, 0)))
    malformed("s13-r-negative", "S13: r is negative", sig(seq(tlv(2, b"\x80" + b32(r)[1:]), integer(s))))
    malformed("s13-r-padded", "S13: r with a zero too many", sig(seq(tlv(2, b"\0\0" + b32(r)), integer(s))))
    malformed("s13-s-34-bytes", "S13: s of 34 bytes", sig(seq(integer(r), tlv(2, b"\1" * 34))))
    malformed("signature-trailing", "a byte after the signature's SEQUENCE", sig(der_signature(r, s) + b"\0"))
    profile("signature-three", "3.1 row 7", "a signature of three integers", sig(seq(integer(1), integer(1), integer(1))))
    v("s13-r-order", "signature.invalid", "3.2 step 4", "S13: r is the order of the curve", sig(der_signature(N, s)))
    v("s13-s-above-order", "signature.invalid", "3.2 step 4", "S13: s + n", sig(der_signature(r, s + N)))
    v("signature-of-another", "signature.invalid", "3.2 step 4", "signed with another member's key", slip(signature=der_signature(*SECOND.key.sign(tlv(0x31, b"".join(attributes(CONTENT, SENDER)))))))
    # Signer
    v("s08-unknown", "signer.not-permitted", "3.2 step 2", "S08: a signer whom the directory does not know" + stock, slip(certificate=STRANGER))
    v("s09-link", "signer.not-permitted", "3.2 step 2", "S09: a link certificate signs", slip(certificate=LINK))
    v("s09-seal", "signer.not-permitted", "3.2 step 2", "S09: a sealing certificate signs", slip(certificate=READER))


def nest(n):
    out = b""
    for _ in range(n): out = seq(out)
    return out


def parts():
    plain = plaintext()
    good = part(plain)
    fields = {"commitment": sha(plain).hex(), "size": len(plain)}
    stock = "; opens with stock openssl cms"
    v = lambda title, expect, section, comment, data: write("gate-part", title, expect, section, comment, data, **fields)
    profile = lambda title, section, comment, data: v(title, "gate.profile", section, comment, data)
    malformed = lambda title, comment, data: v(title, "gate.malformed", "2", comment, data)
    cannot = lambda title, comment, data: v(title, "part.cannot-open", "5.3", comment, data)
    recipient = lambda m: inner(m)[1][1][0][1]      # [version, originator, algorithm, keys]
    content = lambda m: inner(m)[2][1]              # [type, algorithm, text]
    mac = lambda m: inner(m)[3]
    v("valid", "opens", "4", "a form", good)
    malformed("empty", "P01: no byte at all", b"")
    malformed("one-byte", "P01: one byte", b"\x30")
    malformed("cut", "P01: the last byte is missing", good[:-1])
    malformed("a8-trailing-byte", "A8, P02: one zero byte follows the ContentInfo" + stock, good + b"\0")
    malformed("a8-second-content-info", "A8, P02: the ContentInfo stands twice" + stock, good + good)
    assert good[1] == 0x82
    malformed("length-not-shortest", "P02: a length in three bytes where two do" + stock, b"\x30\x83\0" + good[2:])
    malformed("beyond-input", "P02: a length beyond the input", good[:3] + bytes([good[3] + 1]) + good[4:])
    malformed("a9-indefinite-outer", "A9, P03: the outer length is indefinite" + stock, b"\x30\x80" + good[4:] + b"\0\0")
    m = load(good)
    text = content(m)[2][1]
    body = [ser(x) for x in inner(m)]
    streamed = b"\xA0\x80" + tlv(4, text) + b"\0\0"
    malformed("a9-indefinite-inner", "A9, P03: the ciphertext in indefinite lengths, as -stream writes it" + stock,
              seq(AUTH, tlv(0xA0, seq(body[0], body[1], seq(ser(content(m)[0]), ser(content(m)[1]), streamed), body[3]))))
    malformed("nested-18", "P04: 18 SEQUENCEs in each other", nest(18))
    malformed("nested-3000", "P04: 3,000 SEQUENCEs in each other", nest(3000))
    malformed("elements-401", "P04: 400 NULLs in a SEQUENCE", seq(b"\5\0" * 400))
    malformed("bit-string-unused-bits", "the originator key with unused bits", edit(good, lambda m: recipient(m)[1][1][0][1][1].__setitem__(1, b"\1" + recipient(m)[1][1][0][1][1][1][1:])))
    # ContentInfo
    for title, number in [("data", "1.2.840.113549.1.7.1"), ("compressed", "1.2.840.113549.1.9.16.1.9")]:
        profile(f"type-{title}", "4 row 0", f"P06: a ContentInfo of another type, {title}", seq(oid(number), tlv(0xA0, seq(b"\2\1\0"))))
    profile("a-slip", "4 row 0", "P06: a slip where a part belongs", slip())
    nonce = content(m)[1][1][1][1][0][1]
    def cipher(m, number, iv): content(m)[1][1] = [load(oid(number)), [4, iv]]
    ecb = "2.16.840.1.101.3.4.1."
    modes = {"cbc": "42", "ofb": "43", "cfb": "44", "ecb": "41"}
    for title in modes:
        iv = nonce + b"\0\0\0\2"
        profile("a6-" + title, "4 row 6", f"A6, P08: the same as AuthEnvelopedData with {title.upper()}", edit(good, lambda m: cipher(m, ecb + modes[title], iv)))
        def enveloped(m):
            cipher(m, ecb + modes[title], iv)
            m[1][0] = load(ENVELOPED)
            inner(m)[0] = [2, b"\2"]
            del inner(m)[3]
        more = "; the first block opens with stock openssl cms" if title in ("ofb", "cfb") else ""
        profile("a7-enveloped-" + title, "4 row 0", f"A7, P07: the same as EnvelopedData with {title.upper()}" + more, edit(good, enveloped))
    profile("version-2", "4 row 1", "AuthEnvelopedData version 2", edit(good, lambda m: inner(m).__setitem__(0, [2, b"\2"])))
    profile("originator-info", "4 row 1", "originatorInfo present", edit(good, lambda m: inner(m).insert(1, [0xA0, []])))
    # Recipients
    profile("p13-no-recipient", "4 row 2", "P13: no recipient", edit(good, lambda m: inner(m)[1][1].clear()))
    other = inner(load(part(plain, "part", SECOND)))[1][1][0]
    profile("a16-two-recipients", "4 row 2", "A16, P13: two recipients" + stock, edit(good, lambda m: inner(m)[1].__setitem__(1, sorted([inner(m)[1][1][0], other], key=ser))))
    malformed("a16-many-recipients", "A16, P13: the recipient 40 times: more elements than a part has", edit(good, lambda m: inner(m)[1].__setitem__(1, inner(m)[1][1] * 40)))
    for title, algorithm in [("pkcs1", seq(oid("1.2.840.113549.1.1.1"), b"\5\0")), ("oaep", seq(oid("1.2.840.113549.1.1.7"), seq()))]:
        transport = load(seq(b"\2\1\2", tlv(0x80, READER.key.id), algorithm, tlv(4, rnd("rsa", 256))))
        profile("p12-rsa-" + title, "4 row 2", f"P12: an RSA recipient, {title}", edit(good, lambda m: inner(m)[1][1].__setitem__(0, transport)))
    password = load(tlv(0xA3, b"\2\1\0" + seq(oid("1.2.840.113549.1.9.16.3.9"), seq(oid(ecb + "42"), tlv(4, rnd("iv", 16)))) + tlv(4, rnd("pw", 48))))
    profile("password-recipient", "4 row 2", "a password recipient", edit(good, lambda m: inner(m)[1][1].__setitem__(0, password)))
    def numbered(m): recipient(m)[3][1][0][1][0] = load(seq(READER.issuer, tlv(2, READER.serial)))
    profile("a17-issuer-and-serial", "4 row 5", "A17, P13: the recipient by issuer and serial number" + stock, edit(good, numbered))
    profile("ukm", "4 row 3", "user keying material", edit(good, lambda m: recipient(m).insert(2, [0xA1, [[4, rnd("ukm", 16)]]])))
    profile("originator-compressed", "4 row 3", "a compressed originator key",
            edit(good, lambda m: recipient(m)[1][1][0][1].__setitem__(1, [3, b"\0" + bytes([2 + (Key("fresh part").q[1] & 1)]) + b32(Key("fresh part").q[0])])))
    profile("originator-curve-named", "4 row 3", "the originator key with its curve" + stock,
            edit(good, lambda m: recipient(m)[1][1][0][1][0][1].append(load(oid("1.2.840.10045.3.1.7")))))
    def scheme(m, number): recipient(m)[2][1][0] = load(oid(number))
    profile("a17-kdf-sha1", "4 row 4", "A17, P14: the KDF with SHA-1", edit(good, lambda m: scheme(m, "1.3.133.16.840.63.0.2")))
    profile("kdf-sha512", "4 row 4", "P14: the KDF with SHA-512", edit(good, lambda m: scheme(m, "1.3.132.1.11.3")))
    def wrapping(m, n): recipient(m)[2][1][1][1][0] = load(oid(ecb + n))
    profile("a19-wrap-pad", "4 row 4", "A19, P14: the wrap-pad OID", edit(good, lambda m: wrapping(m, "48")))
    profile("p14-wrap-128", "4 row 4", "P14: AES-128 wrap", edit(good, lambda m: wrapping(m, "5")))
    profile("wrapped-key-48", "4 row 5", "a wrapped key of 48 bytes", edit(good, lambda m: recipient(m)[3][1][0][1].__setitem__(1, [4, rnd("wrapped", 48)])))
    # Content
    for title, n in [("128", "6"), ("192", "26")]:
        profile(f"p09-aes-{title}-gcm", "4 row 6", f"P09: AES-{title}-GCM", edit(good, lambda m: content(m)[1][1].__setitem__(0, load(oid(ecb + n)))))
    tag = mac(m)[1]
    for n in [15, 14, 13, 12, 8, 4, 3, 2, 1, 0, 17, 32]:
        cut = tag[:n] if n <= 16 else tag + rnd("tag", n - 16)
        def short(m): mac(m)[1] = cut
        def told(m):
            mac(m)[1] = cut
            content(m)[1][1][1][1][1] = [2, bytes([n])]
        row = "A4" if 4 <= n < 16 else "A5"
        accepted = stock if 4 <= n < 16 else ""
        profile(f"a4-tag-{n}", "4 row 7", f"{row}, P10: a tag of {n} bytes, the length says 16", edit(good, short))
        profile(f"a4-tag-{n}-told", "4 row 6", f"{row}, P10: a tag of {n} bytes, and the length says so" + accepted, edit(good, told))
    for n in [0, 11, 13, 16, 64, 1024]:
        profile(f"a15-nonce-{n}", "4 row 6", f"A15, P11: a nonce of {n} bytes" + (stock if n in (13, 16) else ""),
                edit(good, lambda m: content(m)[1][1][1][1].__setitem__(0, [4, nonce[:n] if n < 12 else nonce + b"\0" * (n - 12)])))
    profile("icv-absent", "4 row 6", "no tag length: 12 is meant", edit(good, lambda m: content(m)[1][1][1][1].pop()))
    profile("content-type-slip", "4 row 6", "content type slip inside" + stock, edit(good, lambda m: content(m).__setitem__(0, load(SLIP))))
    profile("ciphertext-constructed", "4 row 6", "the ciphertext in two octet strings" + stock,
            edit(good, lambda m: content(m).__setitem__(2, [0xA0, [[4, text[:16]], [4, text[16:]]]])))
    profile("no-ciphertext", "4 row 6", "no ciphertext", edit(good, lambda m: content(m).pop()))
    attr = load(attribute("3", DATA))
    profile("p15-auth-attributes", "4 row 7", "P15: authenticated attributes", edit(good, lambda m: inner(m).insert(3, [0xA1, [attr]])))
    profile("a18-unauth-attributes", "4 row 7", "A18, P15: unauthenticated attributes", edit(good, lambda m: inner(m).append([0xA2, [attr]])))
    # The right shape
    flip = lambda b, i: b[:i] + bytes([b[i] ^ 1]) + b[i + 1:]
    cannot("a14-wrong-tag", "A14, P16: one bit of the tag is flipped", edit(good, lambda m: mac(m).__setitem__(1, flip(tag, 0))))
    cannot("p16-ciphertext", "P16: one bit of the ciphertext is flipped", edit(good, lambda m: content(m).__setitem__(2, [0x80, flip(text, 40)])))
    cannot("p16-nonce", "P16: one bit of the nonce is flipped", edit(good, lambda m: content(m)[1][1][1][1].__setitem__(0, [4, flip(nonce, 3)])))
    wrapped = recipient(m)[3][1][0][1][1][1]
    cannot("p16-wrapped-key", "P16: one bit of the wrapped key is flipped", edit(good, lambda m: recipient(m)[3][1][0][1].__setitem__(1, [4, flip(wrapped, 5)])))
    cannot("p16-other-key-our-id", "P16: sealed to another key under our key id", part(plain, "part", SECOND, READER.key.id))
    cannot("other-recipient", "sealed to another key, and it says so", part(plain, "part", SECOND))
    bits = recipient(m)[1][1][0][1][1][1]
    cannot("originator-off-curve", "an originator key that is not on the curve", edit(good, lambda m: recipient(m)[1][1][0][1].__setitem__(1, [3, flip(bits, 65)])))
    x = next(x for x in range(5, 50) if pow(x**3 - 3 * x + B, (P - 1) // 2, P) == P - 1)
    cannot("originator-twist", "an originator key on the curve's twist", edit(good, lambda m: recipient(m)[1][1][0][1].__setitem__(1, [3, b"\0\4" + b32(x) + b32(1)])))
    cannot("ciphertext-empty", "nothing inside, and a good tag", part(b"", "part"))


def seals():
    good = plaintext()
    def v(title, expect, comment, plain, **fields):
        fields = {"commitment": sha(plain).hex(), "size": len(plain), **fields}
        write("seal", title, expect, "5", comment, part(plain, "part"), **fields)
    cannot = lambda title, comment, plain, **fields: v(title, "part.cannot-open", comment, plain, **fields)
    v("valid", "opens", "a form", good)
    v("valid-empty", "opens", "a form of no byte", plaintext(b""))
    for n in [1, 64, 65, 300, 1000]:
        v(f"valid-{n}", "opens", f"{n} bytes", plaintext(rnd("content", n)))
    cannot("l02-recipient", "L02, T10: the header names another recipient", plaintext(to="bd:vector-second"))
    cannot("l02-sender", "L02, T10: the header names another sender", plaintext(**{"from": "in:vector-second"}))
    cannot("l02-case", "L02, T10: the header names another case", plaintext(case="ff112233445566778899aabbccddeeff"))
    cannot("kind-steps", "the header names another kind", plaintext(kind="steps"))
    cannot("kind-unknown", "the header names a kind nobody knows", plaintext(kind="poem"))
    cannot("l03-commitment", "L03: the slip commits to another plaintext", good, commitment=sha(b"other").hex())
    cannot("l03-salt", "L03: another salt than the one committed to", plaintext(salt=rnd("salt2", 32)), commitment=sha(good).hex())
    cannot("size-class", "the slip names another size class", good, size=len(good) + 8)
    fields = json.loads(good[36:36 + num(good[32:36])])
    body = b'{"event":"VECTOR","fields":{},"form":"vector"}'
    cannot("header-space", "a header with a space", plaintext(header=json.dumps(fields, sort_keys=True).encode()))
    cannot("header-unsorted", "a header in another order", plaintext(header=json.dumps(dict(reversed(fields.items())), separators=(",", ":")).encode()))
    cannot("header-extra-key", "a header with one key more", plaintext(note="a"))
    cannot("header-key-missing", "a header without a kind", plaintext(header=canonical({k: fields[k] for k in fields if k != "kind"})))
    cannot("header-zero", "a header of no byte", plaintext(header=b""))
    cannot("header-length-beyond", "a header longer than the plaintext", good[:32] + b"\0\0\xFF\xFF" + good[36:])
    cannot("header-length-huge", "a header length of 2^32 - 1", good[:32] + b"\xFF\xFF\xFF\xFF" + good[36:])
    cannot("length-short", "one byte of the content would be padding", plaintext(length=len(body) - 1))
    cannot("length-long", "a length beyond the plaintext", plaintext(header=canonical({**fields, "length": len(good)})))
    cannot("length-leading-zero", "a length with a leading zero", plaintext(header=canonical(fields).replace(b'"length":46', b'"length":046')))
    cannot("length-negative", "a negative length", plaintext(header=canonical({**fields, "length": -1})))
    cannot("length-2-64", "a length of 2^64", plaintext(header=canonical({**fields, "length": 2**64})))
    cannot("padding-not-zero", "the last byte of the padding is one", plaintext(rnd("content", 50), tail=b"\1"))
    cannot("padding-short", "one byte less than the size class", plaintext(rnd("content", 50))[:-1])
    cannot("padding-next-class", "the size class after the right one", plaintext(rnd("content", 50), padding=padme(len(plaintext(rnd("content", 50))) + 1) - len(plaintext(rnd("content", 50), padding=0))))
    cannot("only-salt", "nothing but a salt", rnd("salt", 32))
    cannot("one-byte", "one byte", b"\0")


if __name__ == "__main__":
    keys()
    slips()
    parts()
    seals()
