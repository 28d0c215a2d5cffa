#!/bin/sh
# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
#
# verify_letter.sh RECEIPT SLIP TRUST [TOKEN]: checks one receipt (Log.md section 4), the slip it is about and, if it is given, the time
# stamp over the receipt's checkpoint, with sha256sum, basenc, jq, openssl and awk. TRUST is the folder of Trail.md section 3.4. Prints PASS
# and what is proved, or FAIL and a code of Trail.md section 6.
set -u
receipt=$1 slip=$2 trust=$3 token=${4:-} stamped= t=$(mktemp -d) dash=$(printf '\342\200\224')
trap 'rm -rf "$t"' EXIT
fail() { echo "FAIL $1 $2"; exit 2; }
unhex() { tr a-f A-F | basenc -d --base16; }
digest() { sha256sum | cut -c1-64; }
node() { printf '01%s%s' "$1" "$2" | unhex | digest; }
signed() {  # the key in C2SP's form, the signature's file, the text's file
    { printf 302a300506032b6570032100 | unhex; printf %s "$1" | cut -d+ -f3- | base64 -d | tail -c 32; } > "$t/key"
    openssl pkeyutl -verify -pubin -keyform DER -rawin -inkey "$t/key" -sigfile "$2" -in "$3" > "$t/out" 2>&1
}
[ "$(head -n 1 "$receipt")" = c2sp.org/tlog-proof@v1 ] || fail MALFORMED receipt
sed -n '2s/^extra //p' "$receipt" | base64 -d > "$t/event" 2> "$t/out" && [ -s "$t/event" ] || fail MALFORMED event
index=$(sed -n '3s/^index //p' "$receipt")
awk 'NR > 3 && !note && $0 != "" { print > proof } note { print > all } $0 == "" { note = 1 }' proof="$t/proof" all="$t/all" "$receipt"
touch "$t/proof"; sed -n '1,3p' "$t/all" > "$t/text"; sed '1,4d' "$t/all" > "$t/lines"
origin=$(sed -n 1p "$t/text") size=$(sed -n 2p "$t/text") root=$(sed -n 3p "$t/text" | base64 -d | basenc --base16 -w0 | tr A-F a-f)
case "$index$size" in ''|*[!0-9]*) fail MALFORMED checkpoint ;; esac

# 1. Who has signed: the log, and as many witnesses as the policy asks for.
policy=$trust/policy-$(printf %s "$origin" | tr / _).txt; [ -f "$policy" ] || fail TRUST policy
awk -v o="${origin%%/*}" '$1 == "log" { logs++; k = $2 } $1 == "quorum" { quorums++ } $1 == "witness" { split($3, n, "/"); if (n[1] == o) own = 1; k = $3 }
    k { sub(/^[^+]*\+[^+]*\+../, "", k); if (seen[k]++) own = 1; k = "" } END { exit logs != 1 || quorums != 1 || own }' "$policy" || fail TRUST policy
line() { awk -v d="$dash" -v n="$1" '$1 == d && $2 == n { print $3; exit }' "$t/lines"; }
log=$(awk '$1 == "log" { print $2 }' "$policy")
line "${log%%+*}" | base64 -d | tail -c 64 > "$t/sig"
[ "${log%%+*}" = "$origin" ] && signed "$log" "$t/sig" "$t/text" || fail LOG-SIGNATURE "$origin"
met= cosigned=
for name in $(awk '$1 == "witness" { print $2 }' "$policy"); do
    witness=$(awk -v n="$name" '$1 == "witness" && $2 == n { print $3 }' "$policy")
    line "${witness%%+*}" | base64 -d > "$t/cosig"; [ "$(wc -c < "$t/cosig")" = 76 ] || continue
    time=$((0x$(dd if="$t/cosig" bs=1 skip=4 count=8 2> "$t/out" | basenc --base16 -w0))); tail -c 64 "$t/cosig" > "$t/sig"
    { printf 'cosignature/v1\ntime %s\n' "$time"; cat "$t/text"; } > "$t/cotext"
    signed "$witness" "$t/sig" "$t/cotext" && met="$met $name" cosigned=$time || fail LOG-SIGNATURE "$name"
done
awk -v names="none$met" 'BEGIN { split(names, a, " "); for (i in a) met[a[i]] = 1 }
    $1 == "group" { n = 0; for (i = 4; i <= NF; i++) n += met[$i]; if (n >= ($3 == "any" ? 1 : $3 == "all" ? NF - 3 : $3 + 0)) met[$2] = 1 }
    $1 == "quorum" { ok = met[$2] } END { exit !ok }' "$policy" || fail QUORUM "$origin"

if [ "$token" ]; then  # RFC 3161, over the checkpoint file as it is here, by exactly one authority of the folder
    stamped=$(date -ud "$(openssl ts -reply -in "$token" -text 2> "$t/out" | sed -n 's/^Time stamp: //p')" +%s 2> "$t/out") good=0
    for authority in "$trust"/tsa-*.pem; do
        openssl ts -verify -data "$t/all" -in "$token" -CAfile "$authority" -attime "${stamped:-0}" > "$t/out" 2>&1 && good=$((good + 1))
    done
    [ "$good" = 1 ] || fail TOKEN "$origin"
fi

# 2. The event is in the tree: RFC 9162 section 2.1.3.2.
hash=$(printf '00%s' "$(digest < "$t/event")" | unhex | digest) fn=$index sn=$((size - 1))
while read -r line; do
    other=$(printf %s "$line" | base64 -d | basenc --base16 -w0 | tr A-F a-f)
    [ "$sn" -gt 0 ] || fail ROOT proof
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
        hash=$(node "$other" "$hash")
        while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else hash=$(node "$hash" "$other"); fi
    fn=$((fn / 2)) sn=$((sn / 2))
done < "$t/proof"
[ "$sn" = 0 ] && [ "$hash" = "$root" ] || fail ROOT "$origin"

# 3. The event is about this slip, whose signer an authority has certified.
sed -n 2p "$t/event" > "$t/json"; field() { jq -r ".$1 // empty" "$t/json"; }
jq -cjS . "$t/json" | cmp -s - "$t/json" || [ "$(jq -cjS . "$t/json")" = "$(cat "$t/json")" ] || fail CANON "$origin"
[ "$(field log)" = "$origin" ] || fail CANON "$origin"
case $(field kind) in accepted|arrived) ;; *) fail SLIP kind ;; esac
[ "$(digest < "$slip")" = "$(field slip)" ] || fail SLIP file
openssl cms -verify -binary -inform DER -in "$slip" -CAfile "$trust/authorities.pem" -purpose any -attime "$(field at)" -out "$t/slip" 2> "$t/out" \
    || fail SLIP signature
[ "$(digest < "$t/slip")" = "$(field letter)" ] && [ "$(jq -cjS . "$t/slip")" = "$(cat "$t/slip")" ] || fail SLIP letter
echo "PASS $(field kind) $(field letter) $origin $index cosigned=${cosigned:--} stamped=${stamped:--}"
