#!/usr/bin/env python3
"""A second verifier of Countersign's ledger, written from the specifications and docs/, with Python's standard library alone.

    verify.py DIR|RECEIPT.json [--key BASE64]

Prints one JSON object {"ok", "entries", "problems"} and exits with 0 or 1. It is slow and plain on purpose: the whole tree is in
memory, and every hash is made as RFC 9162 defines it. It shares no line with packages/ledger.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import sys
from functools import lru_cache


class Bad(Exception):
    """Something is not as it was written."""


# --- Ed25519, RFC 8032 section 5.1 ---------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def add(one, other):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = one, other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def is_small(p):
    """Of small order: eight times it is the neutral point, whoever signs with it is nobody (docs/ledger.md)."""
    x, y, z, _ = times(8, p)
    return x % P == 0 and (y - z) % P == 0


def signed_by(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER or is_small(a) or is_small(r):
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    (x1, y1, z1, _), (x2, y2, z2, _) = times(s, BASE), add(r, times(h, a))
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


# --- RFC 8785 ------------------------------------------------------------------------------------------------------


# --- ECDSA over P-256 (FIPS 186-5 section 6.4.2, SEC 2 section 2.4.2), as a passkey signs: WebAuthn Level 3, section 6.5.5 ---

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P256_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def p256_add(one, other):
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P256 == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P256) if one == other else (y2 - y1) * pow(x2 - x1, -1, P256)
    x = (slope * slope - x1 - x2) % P256
    return x, (slope * (x1 - x) - y1) % P256


def p256_times(scalar, point):
    product = None
    while scalar:
        product = p256_add(product, point) if scalar & 1 else product
        point, scalar = p256_add(point, point), scalar >> 1
    return product


def es256_signed_by(key, message, signature):
    found = re.fullmatch(b"\x30.\x02(.)(.{1,33})\x02(.)(.{1,33})", signature, re.S)
    lengths = found and [found[1][0], found[3][0]] == [len(found[2]), len(found[4])]
    x, y = key
    if not lengths or not (0 <= x < P256 and 0 <= y < P256) or (y * y - (x * x * x - 3 * x + P256_B)) % P256:
        return False
    r, s = int.from_bytes(found[2], "big"), int.from_bytes(found[4], "big")
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        return False
    inverse, digest = pow(s, -1, P256_ORDER), int.from_bytes(hashlib.sha256(message).digest(), "big")
    sum_ = p256_add(p256_times(digest * inverse % P256_ORDER, P256_BASE), p256_times(r * inverse % P256_ORDER, key))
    return sum_ is not None and sum_[0] % P256_ORDER == r


def number(value):
    """ECMA-262, Number::toString."""
    if isinstance(value, int):
        value = float(value)
    if value == 0:
        return "0"
    sign, value = ("-", -value) if value < 0 else ("", value)
    mantissa, _, exponent = ("%r" % value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    n = int(exponent or 0) + (len(whole) if whole != "0" else len(digits) - len(fraction))
    digits = digits.rstrip("0")
    k = len(digits)
    if k <= n <= 21:
        return sign + digits + "0" * (n - k)
    if 0 < n <= 21:
        return sign + digits[:n] + "." + digits[n:]
    if -6 < n <= 0:
        return sign + "0." + "0" * -n + digits
    tail = "e%s%d" % ("+" if n > 0 else "-", abs(n - 1))
    return sign + digits[0] + ("." + digits[1:] if k > 1 else "") + tail


def canonical(value):
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"


# --- RFC 9162 section 2.1, C2SP tlog-tiles, signed-note, tlog-checkpoint ----------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


class Tree:
    """MTH of any stretch of the leaves, each made once."""

    def __init__(self, leaves):
        self.leaves = leaves
        self.mth = lru_cache(maxsize=None)(self._mth)

    def _mth(self, start, end):
        size = end - start
        if size == 0:
            return sha256(b"")
        if size == 1:
            return self.leaves[start]
        k = 1 << (size - 1).bit_length() - 1
        return sha256(b"\x01" + self.mth(start, start + k) + self.mth(start + k, end))


def root_of_proof(index, size, leaf, proof):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        raise Bad("no such leaf")
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            raise Bad("the proof is too long")
        if fn & 1 or fn == sn:
            r = sha256(b"\x01" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01" + r + p)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise Bad("the proof is too short")
    return r


def decode64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Bad("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise Bad("not base64")
    return data


def path_of(n, width):
    digits = "%d" % n
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join(["x" + group for group in groups[:-1]] + groups[-1:]) + ("" if width == 256 else ".p/%d" % width)


def key_id(name, key):
    return sha256(name.encode() + b"\n\x01" + key)[:4]


def parse_note(note):
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Bad("the note is not UTF-8") from error
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise Bad("no signed note")
    signatures = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch("\u2014 (\\S+) (\\S+)", line)
        if not match or len(decode64(match[2])) < 5:
            raise Bad("no signature line")
        signatures.append((match[1], decode64(match[2])))
    return body + "\n", signatures


def parse_checkpoint(text):
    lines = text[:-1].split("\n")
    if len(lines) < 3 or "" in lines or not re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) or len(decode64(lines[2])) != 32:
        raise Bad("no checkpoint")
    return lines[0], int(lines[1]), decode64(lines[2])


def note_is_signed(note, keys):
    """By one of these keys; a signature that names one of them and is not its is worse than none."""
    text, signatures = parse_note(note)
    origin = parse_checkpoint(text)[0]
    good = False
    for name, signature in signatures:
        for key in keys:
            if name == origin and signature[:4] == key_id(origin, key):
                if not signed_by(key, text.encode(), signature[4:]):
                    raise Bad("a signature is not of the key that it names")
                good = True
    return good


# --- Entries: docs/ledger.md -----------------------------------------------------------------------------------------

FIELDS = {"v", "gateway", "seq", "prev", "at", "type", "body", "commitment", "sealed"}


def parse_entry(line):
    try:
        entry = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise Bad("no JSON") from error
    if not isinstance(entry, dict) or entry.get("v") != 1 or not set(entry) <= FIELDS or canonical(entry).encode() != line:
        raise Bad("no entry in canonical form")
    return entry


def events_of(entry):
    return entry["body"]["events"] if entry["type"] == "actions" else [entry]


def head_text(head):
    return ("countersign/head/v1\n" + canonical({name: head[name] for name in ("gateway", "hash", "seq")})).encode()


def keys_of(entries):
    """Who counts: the first gateway that enrolled a key, and whom gateways that count vouch for; each with its rotations."""
    chains, vouched, first = {}, set(), None

    def counting(gateway):
        keys = chains.get(gateway, [])
        if gateway == first:
            return keys
        at = next((at for at, key in enumerate(keys) if (gateway, key) in vouched), None)
        return [] if at is None else keys[at:]

    for entry in entries:
        gateway, body = entry["gateway"], entry["body"]
        if entry["type"] == "gateway.enrolled" and gateway not in chains:
            chains[gateway] = [body["key"]]
            first = first or gateway
        elif entry["type"] == "gateway.key-rotated" and gateway in chains:
            text = "countersign/key-rotated/v1\n" + canonical({"gateway": gateway, "key": body["key"], "through": body["through"]})
            if signed_by(decode64(chains[gateway][-1]), text.encode(), decode64(body["signature"])):
                chains[gateway].append(body["key"])
        elif entry["type"] == "gateway.vouched" and counting(gateway):
            vouched.add((body["gateway"], body["key"]))
    return [decode64(key) for gateway in chains for key in counting(gateway)]


def rotations_of(entries, key):
    """The key that is trusted and those that it was rotated into: all that it says by itself."""
    keys = [key]
    for entry in entries:
        body = entry["body"]
        if entry["type"] != "gateway.key-rotated":
            continue
        text = "countersign/key-rotated/v1\n" + canonical({"gateway": entry["gateway"], "key": body["key"], "through": body["through"]})
        if signed_by(keys[-1], text.encode(), decode64(body["signature"])):
            keys.append(decode64(body["key"]))
    return keys


KEY_EVENTS = ("gateway.enrolled", "gateway.key-rotated", "gateway.vouched")


def trusted(key_entries, key):
    return keys_of(key_entries) if key is None else rotations_of(key_entries, key)


# --- A directory -----------------------------------------------------------------------------------------------------


def read(directory, path, widest=None):
    for name in (path, widest):
        if name and os.path.isfile(os.path.join(directory, name)):
            with open(os.path.join(directory, name), "rb") as file:
                return file.read()
    raise Bad("%s is missing" % path)


def entries_in(directory, n, width):
    try:
        data = read(directory, "tile/entries/" + path_of(n, width), "tile/entries/" + path_of(n, 256))
    except Bad:
        lines = read(directory, "tile/lines/" + path_of(n, width)).split(b"\n")
        if len(lines) != width + 1 or lines[-1]:
            raise Bad("tile/lines/%s has not %d lines" % (path_of(n, width), width))
        return lines[:-1]
    entries, at = [], 0
    while len(entries) < width and at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if len(entries) != width or at > len(data):
        raise Bad("tile/entries/%s has not %d entries" % (path_of(n, width), width))
    return entries


def verify_directory(directory, key, problems):
    note = read(directory, "checkpoint")
    _, size, root = parse_checkpoint(parse_note(note)[0])
    lines = [line for n in range(-(-size // 256)) for line in entries_in(directory, n, min(256, size - 256 * n))]
    tree = Tree([leaf_hash(line) for line in lines])
    sys.setrecursionlimit(10_000)
    if tree.mth(0, size) != root:
        problems.append("the entries are not those that the checkpoint signs")
    level, span = 0, 1
    while size // span:
        for n in range(-(-(size // span) // 256)):
            width = min(256, size // span - 256 * n)
            path = "tile/%d/" % level
            stored = read(directory, path + path_of(n, width), path + path_of(n, 256))
            made = b"".join(tree.mth((256 * n + at) * span, (256 * n + at + 1) * span) for at in range(width))
            if stored[: 32 * width] != made:
                problems.append("%s is not what the entries make" % (path + path_of(n, width)))
        level, span = level + 1, span * 256
    key_entries = follow(directory, lines, problems)
    if not note_is_signed(note, trusted(key_entries, key)):
        problems.append("the checkpoint is signed by no key that counts")
    return size


def follow(directory, lines, problems):
    """Each gateway's own chain, in which the tree interleaves them, and what it signed of it."""
    last, hashes, key_entries = {}, {}, []
    for index, line in enumerate(lines):
        try:
            entry = parse_entry(line)
        except Bad as error:
            problems.append("entry %d: %s" % (index, error))
            continue
        seq, previous = last.get(entry["gateway"], (0, "0" * 64))
        if (entry["seq"], entry["prev"]) != (seq + 1, previous):
            problems.append("entry %d does not follow entry %d of %s" % (index, seq, entry["gateway"]))
        last[entry["gateway"]] = entry["seq"], leaf_hash(line).hex()
        hashes[entry["gateway"], entry["seq"]] = leaf_hash(line).hex()
        if entry["type"] in KEY_EVENTS:
            key_entries.append(entry)
    try:
        heads = read(directory, "signed-heads").decode().split("\n")
    except (Bad, UnicodeDecodeError):
        heads = []
    known = {decode64(entry["body"]["key"]) for entry in key_entries if entry["type"] != "gateway.vouched"}
    for text in filter(None, heads):
        try:
            head = json.loads(text)
            signer, signature = decode64(head["key"]), decode64(head["signature"])
            good = hashes.get((head["gateway"], head["seq"])) == head["hash"] and signer in known and signed_by(signer, head_text(head), signature)
        except (ValueError, KeyError, TypeError, Bad):
            good = False
        if not good:
            problems.append("a head is not of these entries, or not signed")
    return key_entries


# --- A receipt: docs/receipts.md ---------------------------------------------------------------------------------------


def in_tree(proven, note):
    _, size, root = parse_checkpoint(parse_note(note.encode())[0])
    leaf = leaf_hash(proven["line"].encode())
    return root_of_proof(proven["index"], size, leaf, [decode64(p) for p in proven["proof"]]) == root


def commitment(opened):
    text = "countersign/commitment/v1\n" + canonical({"salt": opened["salt"], "secret": opened["secret"]})
    return sha256(text.encode()).hex()


def is_withheld(part):
    return "(withheld)" in part["text"] or any(parameter.get("withheld") is True for parameter in part["parameters"])


# None where something is withheld: that digest has a salt which nobody keeps.
def digest_of(body, secret):
    bound = {"principal": body["requester"], "resource": body["resource"]}
    if "scope" in body:
        return sha256(canonical({**bound, "kind": "scope", "scope": body["scope"], "ms": body["ms"]}).encode()).hex()
    if any(is_withheld(part) for part in secret.get("each", [secret])):
        return None
    bound.update(type=body["action"], state=secret["state"])
    if "each" in secret:
        each = [{"text": part["text"], "parameters": part["parameters"]} for part in secret["each"]]
        return sha256(canonical({**bound, "kind": "pipeline", "each": each}).encode()).hex()
    return sha256(canonical({**bound, "kind": "action", "text": secret["text"], "parameters": secret["parameters"]}).encode()).hex()


def verify_receipt(receipt, key, problems):
    opened_entry, shown = None, {}
    if len({proven["index"] for proven in receipt["entries"]}) != len(receipt["entries"]):
        problems.append("an entry is there twice")
    for proven in receipt["entries"]:
        if not in_tree(proven, receipt["checkpoint"]):
            problems.append("entry %d is not in the tree" % proven["index"])
        entry = parse_entry(proven["line"].encode())
        events = events_of(entry)
        for one in proven["opened"]:
            if events[one["event"]].get("commitment") != commitment(one):
                problems.append("what is shown of entry %d is not what it commits to" % proven["index"])
            shown[proven["index"], one["event"]] = one["secret"]
        if entry["type"] == "request.opened" and entry["body"]["request"] == receipt["request"]:
            opened_entry = proven["index"], entry
    if opened_entry is None:
        problems.append("it does not say how the request was opened")
    else:
        index, entry = opened_entry
        judge_story(receipt, entry["body"], shown.get((index, 0)), problems)
        judge_signatures(receipt, entry["body"], shown.get((index, 0)), shown, problems)
    entries = [(parse_entry(proven["line"].encode()), proven) for proven in sorted(receipt["keys"], key=lambda one: one["index"])]
    for entry, proven in entries:
        if not in_tree(proven, proven.get("checkpoint", receipt["checkpoint"])):
            problems.append("entry %d, about keys, is not in the tree" % proven["index"])
    if not note_is_signed(receipt["checkpoint"].encode(), trusted([entry for entry, _ in entries], key)):
        problems.append("the checkpoint is signed by no key that counts")
    return len(receipt["entries"])


def judge_story(receipt, body, secret, problems):
    told = receipt["story"]["opened"]
    for name, value in {**body, **(secret or {})}.items():
        if name != "request" and told.get(name) != value:
            problems.append("the story says another %s than the ledger" % name)
    digest = digest_of(body, secret) if secret is not None else None
    if digest is not None and secret["digest"] != digest:
        problems.append("the digest is not that of the action")
    # The reviews are told in the order of the tree, each with what its entry says.
    reviews = [entry["body"] for entry in map(lambda one: parse_entry(one["line"].encode()), sorted(receipt["entries"], key=lambda one: one["index"])) if entry["type"] == "request.reviewed"]
    said = [(review["reviewer"], review["verdict"]) for review in receipt["story"]["reviews"]]
    if said != [(review["reviewer"], review["verdict"]) for review in reviews]:
        problems.append("the story tells other reviews than the ledger")
    policy = receipt["policy"]
    if policy:
        texts = json.dumps([[file["name"], file["text"]] for file in policy["files"]], ensure_ascii=False, separators=(",", ":"))
        if sha256(texts.encode()).hex() != policy["version"] or policy["version"] != body.get("policy"):
            problems.append("the policy is not the one by which it was judged")


# --- What a passkey signed: docs/passkeys.md -----------------------------------------------------------------------------

ASKED = "requester resource action statements scope ms text parameters each state impact digest reason ticket needs policy policies expiresAt salt"
# A COSE_Key of ES256 has one spelling in canonical CBOR, but for its coordinates.
ES256_KEY = re.compile(b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20(.{32})\x22\x58\x20(.{32})", re.S)


def decode64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def judge_signatures(receipt, opened, opened_secret, shown, problems):
    enrolled = []
    for proven in receipt.get("passkeys", []):
        if not in_tree(proven, receipt["checkpoint"]):
            problems.append("entry %d, about a passkey, is not in the tree" % proven["index"])
        enrolled.append(parse_entry(proven["line"].encode()))
    for proven in receipt["entries"]:
        entry = parse_entry(proven["line"].encode())
        body, secret = entry["body"], shown.get((proven["index"], 0))
        if entry["type"] != "request.reviewed" or body["verdict"] != "approve":
            continue
        if body.get("passkey") is None:
            if opened.get("sign"):
                problems.append("the review by %s is not signed" % body["reviewer"])
        elif opened_secret and secret:
            why = why_unsigned(receipt["request"], {**opened, **opened_secret}, {**body, **secret}, entry["at"], enrolled)
            if why:
                problems.append("the signature of %s is not good: %s" % (body["reviewer"], why))


def why_unsigned(request, opened, review, at, enrolled):
    mine = sorted((one for one in enrolled if one["body"]["passkey"] == review["passkey"] and one["at"] <= at), key=lambda one: one["at"])
    if [one["type"] for one in mine].count("passkey.enrolled") != 1:
        return "its key was not enrolled by then"
    first, counts = mine[0]["body"], not mine[0]["body"]["waits"]
    for one in mine[1:]:
        if one["type"] == "passkey.removed":
            counts = False
        elif one["body"]["by"] != first["user"]:
            counts = one["body"]["counts"]
    if not counts or first["user"] != review["reviewer"]:
        return "its key did not count then, or is of somebody else"
    signed = review["signature"]
    shown = {"format": "countersign/approval/v1", "request": request, "asked": {name: opened[name] for name in ASKED.split() if name in opened}}
    shown.update({name: review[name] for name in ("reviewer", "given", "comment")}, before=signed["before"])
    client, data = decode64url(signed["clientDataJSON"]), decode64url(signed["authenticatorData"])
    said = json.loads(client)
    challenge = base64.urlsafe_b64encode(sha256(canonical(shown).encode())).decode().rstrip("=")
    if at >= signed["before"] or said["type"] != "webauthn.get" or said["challenge"] != challenge:
        return "it is over something else"
    if data[:32] != sha256(first["rpId"].encode()) or data[32] & 5 != 5:
        return "it is for another party, or of nobody verified"
    key = ES256_KEY.fullmatch(decode64(first["key"]))
    if key is None:
        return None  # Ed25519 and RSA are left to the other verifier
    point = (int.from_bytes(key[1], "big"), int.from_bytes(key[2], "big"))
    if not es256_signed_by(point, data + sha256(client), decode64url(signed["signature"])):
        return "it was not made with this key"
    return None


def main(arguments):
    path, key = arguments[0], None
    if "--key" in arguments:
        key = decode64(arguments[arguments.index("--key") + 1])
    problems, entries = [], 0
    try:
        if os.path.isdir(path):
            entries = verify_directory(path, key, problems)
        else:
            with open(path, encoding="utf-8") as file:
                entries = verify_receipt(json.load(file), key, problems)
    except Bad as error:
        problems.append(str(error))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        problems.append("not of the documented form: %r" % error)
    print(json.dumps({"ok": not problems, "entries": entries, "problems": problems}))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
