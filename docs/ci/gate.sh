#!/bin/sh
# Gate one candidate. MODEL and CANDIDATE are needed; the exit code is the gate's:
# 0 pass, 1 degraded, 2 usage or contract, 3 evidence unavailable, 4 inconclusive, 5 approval required.
set -eu
: "${MODEL:?name a model: a folder below assets/}"
: "${CANDIDATE:?name a candidate: models:/NAME/7, models:/NAME@challenger, runs:/ID or m-ID}"
out="${GATE_OUT:-gate}"
mkdir -p "$out"
rm -f "$out/summary.md"
code=0
# shellcheck disable=SC2086  # GATE_OPTIONS are several words
baseline gate "$MODEL" --candidate "$CANDIDATE" --wait "${WAIT:-10m}" --junit "$out/junit.xml" \
  --summary "$out/summary.md" --report "$out/report.html" --attestation "$out/attestation.dsse.json" \
  ${GATE_OPTIONS:-} >"$out/gate.txt" || code=$?
cat "$out/gate.txt"
exit "$code"
