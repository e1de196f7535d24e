#!/usr/bin/env bash
# Lints and tries every template below a folder, twice each with made-up values, and prints a table.
#
# Usage: scripts/template-corpus.sh FOLDER [CALLBOARD]
#
# Actions that are not there, and files that are not beside the template, are stood in for; everything
# else runs as in a dry run, with a plan. Ends with 1 if a template has an error.
set -euo pipefail

folder=${1:?a folder with templates}
callboard=${2:-target/debug/callboard}
n=0 n_lint=0 n_run=0
printf '%-90s %-6s %-8s %-5s %s\n' template errors warnings runs why
while IFS= read -r file; do
  grep -q '^kind: *Template' "$file" || continue
  grep -q 'scaffolder.backstage.io/v1beta3' "$file" || continue
  n=$((n + 1))
  told=$("$callboard" template lint "$file" 2>&1) || true
  errors=$(grep -c ': error: ' <<<"$told" || true)
  warnings=$(grep -c ': warning: ' <<<"$told" || true)
  why=
  runs=0
  for choice in first last; do
    if told=$("$callboard" template dry-run "$file" --example-values "$choice" --stand-in 2>&1); then
      runs=$((runs + 1))
      note=$(grep -m1 'cannot run:' <<<"$told" || true)
    else
      note=$(tail -n 1 <<<"$told")
    fi
    why=${note:-$why}
  done
  ((errors == 0)) && n_lint=$((n_lint + 1))
  ((runs == 2)) && n_run=$((n_run + 1))
  printf '%-90s %-6s %-8s %-5s %s\n' "${file#"$folder"/}" "$errors" "$warnings" "$runs/2" "$why"
done < <(find "$folder" -type f \( -name '*.yaml' -o -name '*.yml' \) | sort)
echo "$n templates, $n_lint without errors, $n_run run to their end"
((n > 0 && n_lint == n && n_run == n))
