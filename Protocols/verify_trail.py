#!/usr/bin/env python3
# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""verify_trail.py BUNDLE TRUST AS-OF [EXPECT]: checks a trail bundle of profile `all` (Trail.md section 6, codes marked p) with nothing but the
standard library and the `openssl` command. EXPECT is `all` or `period=FROM..TO`. Prints the first line and the findings as `kheya audit verify` does; exits with 0, 2, 3 or 65."""
import base64, bisect, collections, glob, hashlib, json, os, re, struct, subprocess, sys, tarfile, tempfile

TOLERANCE, DAY, findings, tmp = 300, 86400, set(), tempfile.TemporaryDirectory()
CLASS = dict.fromkeys("ABSENT SCOPE STALE UNSTAMPED UNCOSIGNED LATE GAP".split(), "INCOMPLETE") | {"PENDING": "NOTE", "OUTSIDE": "NOTE"}
JUDGED = set("SLIP MEMBER REPLAY SOURCE SEEN BACKDATED FUTURE ANCESTOR ROLE".split())  # what takes its effect from an order
HEX, CODE = re.compile(r"[0-9a-f]{64}\Z"), re.compile(r"[A-Za-z0-9_.-]{2,40}\Z")
ORIGIN, FACT = re.compile(r"[a-z0-9./-]{3,128}\Z"), re.compile(r"[A-Za-z0-9_:-]{1,64}\Z")
CASE_KINDS = {"accepted": "letter slip verdict", "arrived": "letter slip source verdict", "admitted": "letter verdict", "fetched": "by letter",
              "refused": "code letter refusal slip", "expired": "letter notice", "gone": "letter notice",
              "withheld": "because letter notice", "seen-possibly": "because letter notice"}
KINDS = CASE_KINDS | {"start": "before", "directory": "file letter slip version", "profile": "file letter slip version", "heads": "count root",
                      "cosigned": "origin root size time way", "erased": "leaves letter level slip", "restarted": "reason",
                      "closed": "profile steps verdict weeks", "conflict": "note origin root size"}

def report(code, origin="-", leaf="-", weight=None):
    findings.add((code, origin, leaf, weight or CLASS.get(code, "FAIL")))

def sha(data): return hashlib.sha256(data).digest()
def node(left, right): return sha(b"\1" + left + right)

def openssl(*arguments, **files):  # a file for each name=bytes; the arguments name them; -> (did it hold, standard output)
    for name, data in files.items():
        open(os.path.join(tmp.name, name), "wb").write(data)
    done = subprocess.run(("openssl",) + arguments, cwd=tmp.name, capture_output=True)
    return done.returncode == 0, done.stdout

def ed25519(key, signature, text):
    return openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey", "key", "-sigfile", "sig", "-in", "text",
                   key=bytes.fromhex("302a300506032b6570032100") + key, sig=signature, text=text)[0]

def canonical(data):  # canonical JSON, or an error
    value = json.loads(data, parse_constant=lambda name: 1 / 0, parse_float=lambda text: 1 / 0)
    if json.dumps(value, sort_keys=True, separators=(",", ":")).encode() != data or re.search(rb"[^ -\[\]-~]", data):
        raise ValueError("another spelling")
    return value

def read_archive(path):  # name -> bytes, in the one spelling of the archive
    data, files, place = open(path, "rb").read(), {}, 0
    while data[place:place + 1] not in (b"", b"\0"):
        info = tarfile.TarInfo.frombuf(data[place:place + 512], "ascii", "strict")
        again = tarfile.TarInfo(info.name)
        again.size, body = info.size, data[place + 512:place + 512 + info.size]
        end = place + 512 + -(-info.size // 512) * 512
        header = bytearray(again.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")[:512])
        header[329:345] = b"0000000\0" * 2
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        if bytes(header) != data[place:place + 512] or len(body) < info.size or any(data[place + 512 + info.size:end]) or \
                (files and info.name.encode() <= max(files).encode()):
            raise ValueError("archive")
        files[info.name], place = body, end
    if data[place:] != bytes(1024):
        raise ValueError("archive")
    return files

class Log: pass

def read_policy(path):
    log, witnesses, groups, quorum = None, {}, {}, None
    for line in open(path):
        words = line.split()
        if not words or words[0].startswith("#"): continue
        if words[0] in ("log", "witness"):
            name, number, key = words[1 if words[0] == "log" else 2].split("+", 2)
            raw = base64.b64decode(key, validate=True)
            if sha(name.encode() + b"\n" + raw)[:4].hex() != number: raise ValueError("vkey")
            if words[0] == "log":
                if log: raise ValueError("a policy is for one log")
                log = (name, bytes.fromhex(number), raw[1:])
            else: witnesses[words[1]] = (name, bytes.fromhex(number), raw[1:])
        elif words[0] == "group":
            groups[words[1]] = (1 if words[2] == "any" else len(words) - 3 if words[2] == "all" else int(words[2]), words[3:])
        elif quorum or words[0] != "quorum" or words[1] not in {"none", *witnesses, *groups}: raise ValueError("quorum")
        else: quorum = words[1]
    operators = [name.split("/")[0] for name, *_ in witnesses.values()]
    keys = [log[2]] + [key for *_, key in witnesses.values()]
    if not quorum or os.path.basename(path) != "policy-%s.txt" % log[0].replace("/", "_"): raise ValueError("policy")
    if log[0].split("/")[0] in operators or len(set(keys)) != len(keys): raise ValueError("policy")
    return log, witnesses, groups, quorum

def read_note(data, policy):  # -> origin, size, root, quorum time or None, times; or an error of two kinds
    text, lines = data[:data.rindex(b"\n\n") + 1], data[data.rindex(b"\n\n") + 2:].decode().splitlines()
    origin, size, root = text.decode().splitlines()
    (log, witnesses, groups, quorum), signed, times = policy, False, {}
    if not re.fullmatch("0|[1-9][0-9]{0,15}", size) or len(base64.b64decode(root, validate=True)) != 32: raise ValueError("checkpoint")
    for line in lines:
        dash, name, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        for short, (witness, number, key) in [("", log)] + list(witnesses.items()):
            if name != witness or value[:4] != number: continue
            if short == "":
                if not ed25519(key, value[4:], text): raise PermissionError
                signed = name == origin
            else:
                time = struct.unpack(">Q", value[4:12])[0]
                if not ed25519(key, value[12:], b"cosignature/v1\ntime %d\n" % time + text): raise PermissionError
                times[short] = max(time, times.get(short, 0))
    if not signed: raise PermissionError
    def met(name):
        if name in witnesses: return times.get(name)
        if name == "none": return None
        reached = sorted((t for t in map(met, groups[name][1]) if t is not None), reverse=True)
        return reached[groups[name][0] - 1] if len(reached) >= groups[name][0] else None
    return origin, int(size), base64.b64decode(root), met(quorum), times, quorum == "none" or met(quorum) is not None

def roots_of(hashes):  # the root at every size, in one pass
    peaks, roots = [], [sha(b"")]
    for number, leaf in enumerate(hashes):
        peaks.append(leaf)
        while number & 1:
            right, left = peaks.pop(), peaks.pop()
            peaks.append(node(left, right))
            number >>= 1
        root = peaks[-1]
        for peak in reversed(peaks[:-1]): root = node(peak, root)
        roots.append(root)
    return roots

NAMES = re.compile(r"bundle\.json|sums|conflicts/D|(directories|profiles)/D(\.p7s)?|slips/[0-9a-f]{32}/D\.p7s|logs/[a-z0-9.-]+(_[a-z0-9.-]+)*/("
                   r"checkpoints/N(\.(tsr2?|last|logged(\.tsr)?))?|leaves/(x\d{3}/)*\d{3}\.(entries|events))".replace("D", "[0-9a-f]{64}")
                   .replace("N", "(0|[1-9][0-9]{0,15})") + r"\Z")

def read_log(origin, files, policy, stamps, as_of):  # stages 2 to 7 of one log
    log, folder, pending, last = Log(), "logs/" + origin.replace("/", "_") + "/", [], None
    log.origin, log.notes, log.roots, log.events, log.open, log.stamped, log.proven = origin, [], {}, [], {}, [], 0
    mine = {name[len(folder):]: data for name, data in files.items() if name.startswith(folder)}
    for name in sorted(name for name in mine if name.startswith("checkpoints/")):
        size, _, kind = name[12:].partition(".")
        if kind.endswith(("tsr", "tsr2")): continue
        try:
            found, own, root, quorum, times, met = read_note(mine[name], policy)
            if (found, str(own)) != (origin, size): raise ValueError("name")
        except PermissionError: report("LOG-SIGNATURE", origin, int(size)); continue
        except Exception: report("MALFORMED", origin, int(size)); continue
        if kind != "logged" and not met: report("QUORUM", origin, own)
        if log.roots.setdefault(own, root) != root: report("FORK", origin, own); continue
        log.notes.append((own, None if kind == "logged" else quorum, times))
        for token in [name + ".tsr", name + ".tsr2"] if stamps and kind != "last" else []:
            if token not in mine: continue
            text = openssl("ts", "-reply", "-in", "token", "-text", token=mine[token])[1].decode(errors="replace")
            time = re.search(r"Time stamp: (.*)", text)
            time = int(subprocess.run(("date", "-ud", time[1], "+%s"), capture_output=True).stdout or 0) if time else 0
            good = [s for s in stamps if openssl("ts", "-verify", "-data", "note", "-in", "token", "-CAfile", s, "-attime", str(time),
                                                 note=mine[name])[0]]
            if len(good) != 1: report("TOKEN", origin, own); continue
            if time < max(times.values(), default=time) - TOLERANCE or time > as_of: report("CLOCK", origin, own)
            log.stamped.append((own, time))
    leaves, taken = [], set()
    names = sorted((n for n in mine if n.endswith(".entries")), key=lambda n: int("".join(re.findall(r"\d+", n[7:]))))
    for name in names:
        data, number = mine[name], int("".join(re.findall(r"\d+", name[7:])))
        if len(data) % 34 or not 0 < len(data) <= 8704 or any(data[i:i + 2] != b"\0\x20" for i in range(0, len(data), 34)):
            report("MALFORMED", origin); continue
        if number * 256 != len(leaves): continue
        leaves += [data[i + 2:i + 34] for i in range(0, len(data), 34)]
        taken.add(name.replace(".entries", ".events"))
    log.hashes = [sha(b"\0" + leaf) for leaf in leaves]
    log.tree = roots_of(log.hashes)
    for size in sorted(log.roots):
        if size >= len(log.tree) or log.tree[size] != log.roots[size]: report("ROOT", origin, size)
        else: log.proven = size
    log.size = max(log.roots, default=0)
    if len(leaves) > log.size: report("UNCOSIGNED", origin, log.size)
    for name in sorted((n for n in mine if n.endswith(".events")), key=lambda n: int("".join(re.findall(r"\d+", n[7:])))):
        if name not in taken: report("MALFORMED", origin); continue
        number, last_index, rest = int("".join(re.findall(r"\d+", name[7:]))), -1, mine[name]
        while rest:
            opening = re.match(rb"(0|[1-9][0-9]{0,15})\n(([^\n]*)\n([^\n]*)\n)", rest)
            index = int(opening[1]) if opening else -1
            if index <= last_index or not number * 256 <= index < min(number * 256 + 256, len(leaves)): report("MALFORMED", origin); break
            last_index, rest = index, rest[opening.end():]
            if sha(opening[2]) != leaves[index]: report("OPEN", origin, index)
            elif index < log.proven: pending.append((index, opening[3], opening[4]))
    for index, salt, text in pending:
        try:
            event = canonical(text)
            keys = KINDS[event["kind"]].split() + "at kind log v".split() + ("case number previous".split() if event["kind"] in CASE_KINDS else [])
            if not re.fullmatch(rb"kheya-event/v1 [0-9a-f]{64}", salt) or sorted(event) != sorted(keys) or event["log"] != origin or event["v"] != 1:
                raise ValueError("event")
        except Exception: report("CANON", origin, index); log.open[index] = None; continue
        if last is not None and event["at"] < last: report("TIME", origin, index)
        last = max(event["at"], last or 0)
        log.open[index] = event["at"]
        log.events.append((index, event))
    return log

def contradicts(log, size, root):  # between what is proved and the newest checkpoint ROOT was said already
    return log.tree[size].hex() != root if size <= log.proven else size > log.size

def chain(log, heads):  # CHAIN; heads: case -> number, hash, closed leaves below it
    opened = 0
    ordered = {index: event for index, event in log.events}
    for index in sorted(log.open):
        closed, event = index - opened, ordered.get(index)
        opened += event is not None
        if event is None or "case" not in event: continue
        number, hash, before = heads.get(event["case"], (-1, b"", 0))
        missing = event["number"] - number - 1
        if not (missing == 0 and event["previous"] == (hash.hex() if event["number"] else "")) and not 0 < missing <= closed - before:
            report("CHAIN", log.origin, index)
        heads[event["case"]] = (event["number"], log.hashes[index], closed)

def brackets(log, sticks):  # after(leaf), before(leaf)
    sizes, afters, latest = [], [], None
    for size, quorum, times in sorted(log.notes, key=lambda note: note[0]):
        if quorum is None or any((log.origin, size, time) in sticks for time in times.values()): continue
        latest = max(quorum, latest or 0)
        sizes.append(size); afters.append(latest)
    log.size_from = lambda time: next((size for size, after in zip(sizes, afters) if after >= time), None)
    log.after = lambda leaf: afters[place - 1] if (place := bisect.bisect_right(sizes, leaf)) else None
    earliest, limits = None, []
    for size, time in sorted(log.stamped, reverse=True):
        if earliest is not None and time > earliest: report("TIME-ORDER", log.origin, size)
        earliest = time if earliest is None else min(time, earliest)
        limits.append((size, earliest))
    limits.reverse()
    log.before = lambda leaf: limits[place][1] if (place := bisect.bisect_right([s for s, _ in limits], leaf)) < len(limits) else None
    return limits[-1][0] if limits else 0

checked, roots = {}, {}  # slips by their bytes; authorities by their certificates in base64
def read_slip(data):  # -> slip, letter id, signer's certificate in base64; or None
    if data not in checked:
        at, checked[data] = re.search(rb'"at":(\d+),', data), None
        good, _ = openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "p7s", "-CAfile", "authorities", "-purpose", "any", "-attime",
                          at[1].decode() if at else "0", "-signer", "signer", "-out", "slip", p7s=data)
        try:
            text = open(os.path.join(tmp.name, "slip"), "rb").read() if good else b""
            pem = open(os.path.join(tmp.name, "signer")).read()
            checked[data] = (canonical(text), sha(text).hex(), "".join(pem.split("-----")[2].split()))
        except Exception: pass
    return checked[data]

def in_force(log, index):  # the directories in force at a leaf
    place = bisect.bisect_left([i for i, _ in log.directories], index)
    return list(log.directories[place - 1][1].values()) if place else []

def logs_of(member, log, index):  # the names of all logs of the broker that serves a member, or is it
    entries = {entry["id"]: entry for directory in in_force(log, index) for kind in ("members", "brokers") for entry in directory.get(kind, [])}
    return [key.split("+")[0] for key in entries.get(entries.get(member, {}).get("broker", member), {}).get("logs", [])]

def is_member(slip, signer, index, at, log):  # MEMBER: the signer's certificate in the directory in force at the leaf
    for directory in in_force(log, index):
        for kind, allowed in (("members", ("step", "receipt")), ("brokers", ("refusal", "notice"))):
            for entry in directory.get(kind, []):
                if entry["id"] != slip["from"] or slip["type"] not in allowed or entry.get("status", "active") != "active" and entry["since"] <= at:
                    continue
                if any(c["der"] == signer and c["use"] == "sign" and c.get("revoked", at + 1) > at for c in entry["certificates"]):
                    return entry
    return None

def has_left(member, event, index, log):  # whom nobody can ask any more: removed, or not in the directory of its country
    own = [directory for directory in in_force(log, index) if directory["authority"][:3] == member[:3]]
    entries = [entry for directory in own for entry in directory.get("members", []) if entry["id"] == member]
    return bool(own) and not entries or bool(entries) and entries[0]["status"] == "removed" and entries[0]["since"] <= event["at"]

def audit_case(case, files, events, logs, profiles, as_of, numbers, orders, absent, closed):  # stages 8 to 10 of one case
    slips, letters, homes, unsound, ended, seen_here = {}, {}, {}, set(), set(), set()
    for name, data in files.items():
        found = read_slip(data) if sha(data).hex() == name else None
        if found and found[0].get("case") == case:
            slips[name] = found
    parents = lambda slip: set(slip.get("parents", [])) | {slip[k] for k in ("previous", "root") if k in slip} | \
        ({slip["about"]["letter"]} if "about" in slip else set())
    def closure(letter):
        known, missing, left = set(), set(), list(parents(letters[letter][0]))
        while left:
            other = left.pop()
            if other == letter or other in known or other in missing: continue
            if other in letters: known.add(other); left += parents(letters[other][0])
            else: missing.add(other)
        return known, missing
    arrived, given = {}, []
    for log, index, event in events:
        kind, letter = event["kind"], event["letter"]
        if kind in ("refused", "expired", "gone", "withheld", "seen-possibly"): ended.add(letter)
        if kind not in ("accepted", "arrived", "refused"): continue
        first = kind == "refused" or (log, letter) not in seen_here
        if kind != "refused": seen_here.add((log, letter))
        if not first: report("REPLAY", log.origin, index)
        if first and (letter not in homes or homes[letter][2]["kind"] == "arrived" != kind): homes[letter] = (log, index, event)
        slip, found, signer = slips.get(event["slip"], (None, None, None))
        if found != letter:
            report("SLIP", log.origin, index); unsound.add(letter); continue
        letters.setdefault(letter, (slip, event["slip"]))
        member = is_member(slip, signer, index, event["at"], log)
        if not member: report("MEMBER", log.origin, index); unsound.add(letter); continue
        arrived[log, letter] = (member, event["slip"])
        if kind == "arrived" and first and not absent and bytes.fromhex(event["source"]) not in closed and not any(
                other is not log and e["kind"] == "accepted" and e["letter"] == letter and e["slip"] == event["slip"]
                and other.hashes[i].hex() == event["source"] for other, i, e in events):
            report("SOURCE", log.origin, index)
        own = logs_of(slip["from"], log, index)
        if kind == "accepted" and first and own and log.origin not in own and any(
                other.origin in own and e["kind"] == "accepted" and e["letter"] == letter and e["at"] <= event["at"] + TOLERANCE for other, i, e in events):
            report("SOURCE", log.origin, index)
    rest, papers, reached = collections.defaultdict(list), collections.defaultdict(set), set()
    for name, (slip, letter, signer) in sorted(slips.items()):  # slips that no event takes in: where events lead to them, if their sender's
        if letter in homes: continue
        rest[letter].append((slip, name, signer))
        if slip["type"] in ("refusal", "notice"): papers[slip["about"]["letter"]].add(letter)
    for log, index, event in events if rest else []:
        left = [event[key] for key in ("letter", "refusal", "notice", "because") if key in event]
        while left:
            one = left.pop()
            if one in reached: continue
            reached.add(one)
            for slip, name, signer in rest[one] if one in rest else []:
                own = logs_of(slip["from"], log, index)
                whole = own and all(origin in logs and len(logs[origin].open) == len(logs[origin].hashes) for origin in own)
                if whole and slip["type"] != "step" or not is_member(slip, signer, index, min(slip["at"], event["at"]), log): continue
                letters[one] = (slip, name)
                if whole: report("ANCESTOR", log.origin, index, "INCOMPLETE")
                break
            left += list(parents(letters[one][0]) if one in letters else []) + list(papers.get(one, []))
    for letter, (log, index, event) in sorted(homes.items()):  # times, numbers, ends: at the letter's home
        if letter in unsound: continue
        slip, after, before = letters[letter][0], log.after(index), log.before(index)
        quoted = lambda other: [(logs[o], s, r) for o, s, r in letters[other][0].get("seen", []) if o in logs]
        if any(contradicts(*quote) for quote in quoted(letter)): report("SEEN", log.origin, index)
        times = [t for one in closure(letter)[0] | {letter} for other, s, _ in quoted(one) if s and (t := other.after(s - 1)) is not None]
        if times and slip["at"] < max(times) - TOLERANCE: report("BACKDATED", log.origin, index)
        if before is not None and slip["at"] > before + TOLERANCE: report("FUTURE", log.origin, index)
        if after is not None and slip["at"] < after - DAY: report("LATE", log.origin, index)
        for to in slip.get("to", []): numbers[slip["from"], to["member"], to["epoch"]].append((to["sequence"], log, index))
        if slip["type"] == "receipt" and slip["about"]["letter"] not in unsound:
            subject = letters.get(slip["about"]["letter"], ({"type": "", "to": []}, ""))[0]
            if subject["type"] != "step" or slip["from"] not in [to["member"] for to in subject.get("to", [])]: report("RECEIPT", log.origin, index)
        if slip["type"] != "step" or letter in ended: continue
        for to in slip["to"]:
            states = [s["about"]["state"] for s, _ in letters.values() if s["from"] == to["member"] and s["type"] == "receipt"
                      and s["about"]["letter"] == letter]
            if "acted" in states or "invalid" in states: continue
            own = [logs[o] for o in logs_of(to["member"], log, index) if o in logs]  # what passed there may be erased
            if not states and any(len(o.open) < len(o.hashes) for o in own) and not any(other in own for other, _, _ in events): continue
            waits = event.get("verdict") == "waiting" and not any(
                other is log and e["kind"] == "admitted" and e["letter"] == letter for other, _, e in events)
            if slip.get("expires", event["at"] + 30 * DAY if waits else as_of) < as_of: report("UNENDED", log.origin, index, "INCOMPLETE" if states else None)
            else: report("PENDING", log.origin)
    numbers[None] += [None] * len(unsound)  # what they would have shown is not missed elsewhere
    for log, index, event in events:  # order and roles: at every verdict
        letter = event["letter"]
        if event["kind"] not in ("accepted", "arrived", "admitted") or event["verdict"] == "waiting" or letter in unsound or letter not in letters:
            continue
        slip, (known, missing) = letters[letter][0], closure(letter)
        if (known | missing) & unsound: unsound.add(letter); continue
        if missing and event["verdict"] != "gap":
            report("ANCESTOR", log.origin, index, "INCOMPLETE" if slip["lane"] == "urgent" else None)
            if slip["lane"] == "normal": continue
        roots = {one for one in known | {letter} if "root" not in letters[one][0]}
        if not missing and (roots != {slip.get("root", letter)} or not set(slip.get("requires", [])) <= known):
            report("ANCESTOR", log.origin, index); continue
        if "profile" not in slip: continue
        profile = profiles.get(slip["profile"]["digest"])
        if not profile or not any(i < index and d == slip["profile"]["digest"] for i, d in log.profiles):
            report("ROLE", log.origin, index); continue
        rules = list(profile["events"].values()) + list(profile["notices"].values())
        member, file = arrived.get((log, letter), ({}, None))
        held = set(member.get("roles", []))
        made = [[rule for rule in rules if rule.get("shown_as") == step["code"] and held & set(rule["by"])] for step in slip.get("steps", [])]
        if not all(made): report("ROLE", log.origin, index)
        elif event["verdict"] == "admitted" and not missing and letter not in ended and (  # as an order, where it was carried out
                first := log.first_erased.get(letter)):
            answers = [(i, s["from"], s["about"]["state"]) for i, s in sorted(
                (i, letters[e["letter"]][0]) for other, i, e in events
                if other is log and e["kind"] in ("accepted", "arrived") and e["letter"] in letters)
                if s["type"] == "receipt" and s["about"]["letter"] == letter and s["from"] in [to["member"] for to in slip["to"]]]
            ready = [min([i for i, member, state in answers if member == to["member"] and state in ("valid", "acted")], default=None)
                     for to in slip["to"] if log.origin in logs_of(to["member"], log, index) and not has_left(to["member"], *first, log)]
            objected = min([i for i, _, state in answers if state not in ("valid", "acted")], default=1 << 62)
            asked = {slip["from"], *[to["member"] for to in slip["to"]]}  # who was not asked could not object
            steps = [(i, e["letter"], letters[e["letter"]][0]) for other, i, e in events if other is log and e["kind"] in ("accepted", "arrived", "refused")
                     and e["letter"] in letters and e["letter"] not in ended and letters[e["letter"]][0]["type"] == "step"]
            gaps = {e["letter"] for other, _, e in events if other is log and e.get("verdict") == "gap"} - \
                {e["letter"] for other, _, e in events if other is log and e["kind"] == "admitted"}
            known_here = {m for _, one, s in steps if one not in gaps for m in (s["from"], *[to["member"] for to in s["to"]])}
            outside = lambda s: s.get("steps") and all(any(r.get("shown_as") == step["code"] and r.get("outsider") for r in rules) for step in s["steps"])
            steps = [(i, one, s) for i, one, s in steps  # a stranger's urgent letter without its ancestors is without effect
                     if not (one in gaps and s["lane"] == "urgent" and s["from"] not in known_here and not outside(s))]
            objected = min([objected] + [i for i, _, s in steps if any(
                not has_left(party, *first, log) for party in {s["from"], *[to["member"] for to in s["to"]]} - asked)])
            late = min([objected] + [i for i, one, s in steps if s["lane"] == "urgent" and one not in known | {letter}])  # a hold it does not follow
            given += [(letter, file, facts["origin"], facts["leaves"], facts["erasure"], log, max([index] + ready),
                       late if facts["erasure"] == "content" else objected, retention(profile))
                      for step, of in zip(slip.get("steps", []), made) if None not in ready and
                      {"erasure", "leaves", "origin"} <= set(facts := step.get("facts", {})) & {f for rule in of for f in rule.get("facts", [])}]
    wrong = {(origin, leaf) for code, origin, leaf, weight in findings if weight == "FAIL" and code in JUDGED}
    orders += [order for order in given if not any((log.origin, index) in wrong for log, index, event in events if event["letter"] == order[0])]

def retention(profile):
    return max([int(d["duration"][1:-1]) * DAY for d in profile["deadlines"].values() if d["op"] == "min" and d["guard"] and "deletion" in d["to"]],
               default=0)

def window(log, start, end):  # which closed leaves may lie in a period: from, to; and which do
    low, high, first, last = 0, log.proven, log.proven, 0
    for leaf, at in log.open.items():
        if at is None: continue
        if at < start: low = max(low, leaf + 1)
        elif at >= end: high = min(high, leaf)
        else: first, last = min(first, leaf), max(last, leaf)
    low = max([low] + [size for size, quorum, _ in log.notes if quorum is not None and quorum + TOLERANCE < start])
    seen = log.size_from(end + TOLERANCE)
    return low, high if seen is None else min(high, seen), first, last

def settle(logs, manifest, numbers, orders, absent, period, profiles):  # what can be said only when everything was read
    explained = collections.defaultdict(set)
    for log in logs.values():
        carried = collections.defaultdict(list)
        for index, event in log.events:
            if event["kind"] == "erased": carried[-event["level"], event["letter"]].append((index, event))
        for (level, letter), parts in sorted(carried.items()):  # records first: with a record the order that erased its content goes
            leaves, first = sorted(leaf for _, event in parts for leaf in event["leaves"]), min(parts)[0]
            named = (sha(log.origin.encode()).hex(), sha(b"".join(b"%d\n" % line for line in [-level] + leaves)).hex())
            since, kept, closed = log.after(leaves[-1]) if level == -2 else None, [], {i: e["profile"] for i, e in log.events if e["kind"] == "closed"}
            while first - len(kept) - 1 in closed:  # by whose rules the cases were kept
                kept.append(retention(profiles[closed[first - len(kept) - 1]]) if closed[first - len(kept) - 1] in profiles else 1 << 62)
            name = "record" if level == -2 else "content"
            good = any((o[0], o[2], o[3], o[4]) == (letter, *named, name) and all(e["slip"] == o[1] for _, e in parts) and o[5] is log
                       and o[6] < first < o[7] and (level == -1 or kept and max(kept) < 1 << 62)
                       and (since is None or min(parts)[1]["at"] >= since + max(kept + [o[8]]) - TOLERANCE) for o in orders)
            for index, event in parts:
                if good and all(leaf < index for leaf in event["leaves"]): explained[log.origin] |= set(event["leaves"]) if level == -2 else set()
                elif level == -2 or not set(event["leaves"]) <= explained[log.origin]: report("ERASURE", log.origin, index)
        if manifest["profile"] == "case": continue
        promised = manifest["logs"].get(log.origin, {"from": 0, "to": 0}) if manifest["profile"] == "period" else {"from": 0, "to": log.proven}
        low, high, first, last = window(log, *period) if period and manifest["profile"] == "period" else (0, 0, 0, 0)
        for leaf in range(log.proven):
            if leaf in log.open or leaf in explained[log.origin]: continue
            if promised["from"] <= leaf < promised["to"] or first <= leaf < last: report("UNOPENED", log.origin, leaf)
            elif low <= leaf < high: report("UNOPENED", log.origin, leaf, "INCOMPLETE")
            else: report("OUTSIDE", log.origin)
    if absent or manifest["profile"] != "all": return
    unsound = len(numbers.pop(None, []))
    for entries in numbers.values():
        before = (0, None, 0)
        for number, log, index in sorted(entries, key=lambda entry: (entry[0], entry[1].origin, entry[2])):
            start = before[2] if before[1] is log else 0
            missing, shut = number - before[0] - 1, sum(leaf not in log.open for leaf in range(start, index))
            if missing < 0 or missing > max(shut, 0) + unsound: report("GAP", log.origin, index)
            before = (number, log, index)

def main(bundle, trust, as_of, expect):
    logs, policies, promise = {}, {}, "-"
    period = [int(time) for time in expect[7:].split("..")] if expect.startswith("period=") else None
    try:
        for path in glob.glob(os.path.join(trust, "policy-*.txt")):
            policy = read_policy(path)
            policies[policy[0][0]] = policy
        pinned = open(os.path.join(trust, "authorities.pem"), "rb").read()
        openssl(authorities=pinned)
        for pem in re.findall(rb"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----", pinned):
            name = re.search(rb"commonName += (\S+)", openssl("x509", "-noout", "-subject", "-nameopt", "multiline", "-in", "root", root=pem)[1])
            roots["".join(pem.decode().split("-----")[2].split())] = name[1].decode()
        stamps = [os.path.abspath(path) for path in glob.glob(os.path.join(trust, "tsa-*.pem"))]
    except Exception: report("TRUST"); return 65, logs, promise
    try: files = read_archive(bundle)
    except Exception: report("MALFORMED"); return 2, logs, promise
    for name in [name for name in files if not NAMES.match(name) or not files[name]]: report("MALFORMED"); del files[name]
    sums = "".join("%s  %s\n" % (sha(data).hex(), name) for name, data in files.items() if name != "sums").encode()
    if files.get("sums", sums) != sums and not findings: report("MALFORMED")
    digest = lambda name: name.split("/")[-1].split(".")[0]
    for name in [n for n in files if n.startswith(("directories/", "profiles/", "conflicts/")) and sha(files[n]).hex() != digest(n)]:
        report("MALFORMED"); del files[name]
    try:
        manifest = canonical(files["bundle.json"])
        named = set(manifest) == {"v", "profile", "logs", "made", "recipient", "destroy"} | ({"case"} if manifest["profile"] == "case" else set())
        spans = [number for span in manifest["logs"].values() for number in (span["from"], span["to"], len(span) - 2)] + [manifest["made"], manifest["destroy"]]
        if not named or manifest["v"] != 1 or manifest["profile"] not in ("all", "period", "case", "increment") or any(type(n) is not int or n < 0 for n in spans) \
                or any(len(span) != 2 or not ORIGIN.match(name) for name, span in manifest["logs"].items()) or not FACT.match(manifest["recipient"]):
            raise ValueError("bundle.json")
    except Exception: report("MALFORMED"); manifest = {"profile": "all", "logs": {}}
    if manifest["profile"] not in ("all", "period" if period else "all"): report("SCOPE")
    promise = manifest["profile"] + (":" + manifest["case"] if "case" in manifest else "") + \
        (":" + ",".join("%s@%d-%d" % (name, span["from"], span["to"]) for name, span in sorted(manifest["logs"].items())) if manifest["profile"] in ("period", "increment") else "")
    origins = sorted({name.split("/")[1].replace("_", "/") for name in files if name.startswith("logs/")})
    if set(origins) - set(policies) or manifest["profile"] == "increment": report("TRUST"); return 65, logs, promise
    absent = set(policies) - set(origins)
    for origin in absent: report("ABSENT", origin)
    documents = {digest(name): data for name, data in files.items() if name.startswith(("directories/", "profiles/"))}
    heads, cases, sticks = collections.defaultdict(dict), collections.defaultdict(list), set()
    for origin in origins:
        log = logs[origin] = read_log(origin, files, policies[origin], stamps, as_of)
        chain(log, heads[origin.split("/")[0]])
        heads[origin.split("/")[0]] = {case: (n, h, shut - log.size + len(log.events)) for case, (n, h, shut) in heads[origin.split("/")[0]].items()}
        log.directories, log.profiles, held, log.first_erased = [], [], {}, {}
        for index, event in log.events:
            if "case" in event: cases[event["case"]].append((log, index, event))
            if event["kind"] == "erased": log.first_erased.setdefault(event["letter"], (event, index))
            if event["kind"] == "cosigned" and event["way"] == "stick": sticks.add((event["origin"], event["size"], event["time"]))
            if event["kind"] not in ("directory", "profile"): continue
            found = read_slip(documents.get(event["slip"], b"")) if event["file"] in documents else None
            if not found or found[1] != event["letter"] or found[0].get("file") != {"digest": event["file"], "version": event["version"]} or \
                    found[0]["type"] != event["kind"]:
                report("SLIP", origin, index); continue
            if roots.get(found[2]) != found[0]["from"]: report("SLIP", origin, index); continue  # only its own authority speaks of a country
            if event["kind"] == "directory":
                new, old = json.loads(documents[event["file"]]), held.get(found[0]["from"])
                ids = [entry["id"] for kind in ("members", "brokers") for entry in new[kind]]
                if (new["authority"], new["version"], new["at"]) != (found[0]["from"], event["version"], found[0]["at"]) or \
                        any(one[:3] != new["authority"][:3] for one in ids) or old and (
                            new["version"] < old["version"] or new["version"] == old["version"] and new != old):
                    report("SLIP", origin, index); continue
                held = held | {new["authority"]: new}
                log.directories.append((index, held))
            else: log.profiles.append((index, event["file"]))
    profiles = {file: json.loads(documents[file]) for log in logs.values() for _, file in log.profiles}
    quoted = {(e["origin"], e["size"], e["root"]) for log in logs.values() for _, e in log.events if e["kind"] == "cosigned"}
    for path in glob.glob(os.path.join(trust, "kept", "*")):
        lines = open(path, errors="replace").read().split("\n\n")
        lines = lines[-2 if len(lines) > 2 else 0].splitlines()
        quoted.add((lines[0], int(lines[1]), base64.b64decode(lines[2]).hex()))
    for data in [data for name, data in files.items() if name.startswith("conflicts/")]:  # what its log has not signed says nothing of it
        try: origin, size, root = read_note(data, policies[data.split(b"\n")[0].decode()])[:3]
        except Exception: continue
        quoted.add((origin, size, root.hex()))
    for origin, size, root in quoted:
        if origin in logs and contradicts(logs[origin], size, root): report("FORK", origin, size)
    closed = {hash for log in logs.values() for leaf, hash in enumerate(log.hashes) if leaf not in log.open}
    for log in logs.values():
        stamped = brackets(log, sticks)
        newest = max((quorum for _, quorum, _ in log.notes if quorum), default=None)
        if newest is None or as_of - newest > 2 * DAY: report("STALE", log.origin, log.size)
        if stamps and stamped < log.proven: report("UNSTAMPED", log.origin, stamped)
        for leaf, at in log.open.items():
            after, before = log.after(leaf), log.before(leaf)
            if at is not None and (after is not None and at < after - TOLERANCE or before is not None and at > before + TOLERANCE):
                report("TIME", log.origin, leaf)
    numbers, orders, slips = collections.defaultdict(list), [], collections.defaultdict(dict)
    for name, data in files.items():
        if name.startswith("slips/"): slips[name.split("/")[1]][digest(name)] = data
    for case in sorted(set(slips) | set(cases)):
        audit_case(case, slips[case], cases[case], logs, profiles, as_of, numbers, orders, absent, closed)
    settle(logs, manifest, numbers, orders, absent, period, profiles)
    weights = {weight for *_, weight in findings}
    return 2 if "FAIL" in weights else 3 if "INCOMPLETE" in weights else 0, logs, promise

if __name__ == "__main__":
    try: status, logs, promise = main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "all")
    except Exception as error:
        findings, status, logs, promise = {("MALFORMED", "-", "-", "FAIL")}, 2, {}, "-"
        if "KHEYA_DEBUG" in os.environ: raise
    codes = collections.Counter(code for code, *_ in findings)
    print("kheya-audit/v1 %s as-of=%s bundle=%s leaves=%d codes=%s" % ({0: "PASS", 2: "FAIL", 3: "INCOMPLETE", 65: "UNCHECKED"}[status], sys.argv[3], promise,
          sum(len(log.hashes) for log in logs.values()), ",".join("%s:%d" % pair for pair in sorted(codes.items())) or "-"))
    for code, origin, leaf, weight in sorted(findings, key=str): print(weight, code, origin, leaf, "-")
    sys.exit(status)
