#!/bin/sh
# Runs everything that needs a GPU, from a portable binary and compiled plans:
#   tools/gpu-suite.sh SINTER PLANS RESULTS
# PLANS holds NAME.plan directories and, where the weights are a checkpoint,
# NAME.model (its directory); NAME.tokens.json is what
#   sinter run NAME.plan --ids 1,2,3 -n 32 --ignore-eos --format json
# printed on the host device. RESULTS receives one file per check and
# summary.txt; the exit code is the number of checks that failed, at most 100.
# SINTER_SUITE_VERIFY lists the plans to compare op by op with the interpreter
# (default: all that have tokens; it takes minutes for large models).
# SINTER_SUITE_CONTEXTS and SINTER_SUITE_MODES choose what is timed.
set -u
if [ $# -ne 3 ]; then
  sed -n '2,13s/^# \{0,1\}//p' "$0"
  exit 2
fi
sinter=$1
plans=$2
results=$3
contexts=${SINTER_SUITE_CONTEXTS:-1,512}
modes=${SINTER_SUITE_MODES:-stream,graph,pdl}
mkdir -p "$results" || exit 4
summary=$results/summary.txt
failed=0
: >"$summary"

# check NAME COMMAND...: output to NAME.out, talk to NAME.err, one summary line.
check() {
  name=$1
  shift
  begin=$(date +%s)
  if "$@" >"$results/$name.out" 2>"$results/$name.err"; then
    verdict=ok
  else
    verdict="FAILED ($?)"
    failed=$((failed + 1))
  fi
  echo "$verdict  $name  $(($(date +%s) - begin)) s" | tee -a "$summary"
}

date -u +%Y-%m-%dT%H:%M:%SZ >>"$summary"
check doctor "$sinter" doctor
for plan in "$plans"/*.plan; do
  name=$(basename "$plan" .plan)
  set --
  if [ -e "$plans/$name.model" ]; then
    set -- --model "$plans/$name.model"
  fi
  tokens=$plans/$name.tokens.json
  if [ -e "$tokens" ]; then
    for round in 1 2; do
      check "$name-tokens-$round" "$sinter" run "$plan" "$@" --device cuda \
        --ids 1,2,3 -n 32 --ignore-eos --format json
    done
    check "$name-tokens-as-on-host" cmp "$tokens" \
      "$results/$name-tokens-1.out"
    check "$name-tokens-again" cmp "$results/$name-tokens-1.out" \
      "$results/$name-tokens-2.out"
  fi
  case " ${SINTER_SUITE_VERIFY-$([ -e "$tokens" ] && echo "$name")} " in
  *" $name "*)
    check "$name-verify" "$sinter" verify "$plan" "$@" --device cuda
    ;;
  esac
  check "$name-bench" "$sinter" bench "$plan" "$@" --contexts "$contexts" \
    --modes "$modes" --format json
  check "$name-kernels" "$sinter" bench "$plan" "$@" --contexts "$contexts" \
    --modes "$modes" --kernels --warmup 10 --samples 10 --runs 10 --format csv
done
[ "$failed" -gt 100 ] && failed=100
exit "$failed"
