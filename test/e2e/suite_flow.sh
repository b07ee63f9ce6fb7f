#!/bin/sh
# What tools/gpu-suite.sh compares, with a sinter that answers at once:
#   suite_flow.sh SUITE FOLDER
# Every check must be called what it is and find the files of those before it.
set -eu
suite=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder/plans/a.plan" "$folder/plans/b.plan"
cat >"$folder/sinter" <<'EOF'
#!/bin/sh
case $1 in
doctor) echo "GPU,ok" ;;
run) echo "tokens of ${2##*/}" ;;
esac
EOF
chmod +x "$folder/sinter"
echo "tokens of a.plan" >"$folder/plans/a.tokens.json"
echo "tokens of c.plan" >"$folder/plans/b.tokens.json"
status=0
PATH=/usr/bin:/bin SINTER_SUITE_FAMILIES= SINTER_SUITE_PEERS=/nonexistent \
  sh "$suite" "$folder/sinter" "$folder/plans" "$folder/results" \
  >/dev/null || status=$?
expect() {
  if ! grep -q "^$1  *[0-9]* s\$" "$folder/results/summary.txt"; then
    echo "wanted '$1' in:"
    cat "$folder/results/summary.txt"
    exit 1
  fi
}
for check in tokens-1 tokens-2 tokens-as-on-host tokens-again verify bench \
  kernels steps soak; do
  expect "ok  a-$check"
done
expect "FAILED (1)  b-tokens-as-on-host"
expect "ok  b-tokens-again"
if [ "$status" -ne 1 ]; then
  echo "one check failed, but the exit code is $status"
  exit 1
fi
