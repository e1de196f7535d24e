#!/usr/bin/env python3
"""Replays the recordings against a running portal and compares with the list of accepted differences.

  check.py --base URL --token-file FILE --catalog DIR

Status, content type and shape must match everywhere. A difference in values must be listed in
accepted.txt (with its reason in docs/compatibility.md), and whatever is listed must still differ.
"""
import json, os, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
accepted = {line.split()[0] for line in open(os.path.join(here, "accepted.txt")) if line.strip() and line[0] != "#"}
run = subprocess.run([sys.executable, os.path.join(here, "replay.py"), "--json", *sys.argv[1:]], capture_output=True, text=True)
rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
if not rows:
    sys.exit("no request was replayed:\n" + run.stdout + run.stderr)
failed = 0
for row in rows:
    wrong = [key for key in ("status", "ctype", "shape") if not row[key]]
    if not row["values"] and row["id"] not in accepted:
        wrong.append("values")
    if row["values"] and row["id"] in accepted:
        wrong.append("no longer differs; take it off accepted.txt")
    if wrong:
        failed += 1
        print("%s: %s (%s -> %s) %s" % (row["id"], ", ".join(wrong), row["want"], row["got"], row["diff"]))
print("%d passed, %d failed" % (len(rows) - failed, failed))
sys.exit(1 if failed else 0)
