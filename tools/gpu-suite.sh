#!/bin/sh
# Runs everything that needs a GPU, from a portable binary and compiled plans:
#   tools/gpu-suite.sh SINTER PLANS RESULTS
# PLANS holds NAME.plan directories and, where the weights are a checkpoint,
# NAME.model (its directory); NAME.tokens.json is what
#   sinter run NAME.plan --ids 1,2,3 -n 32 --ignore-eos --format json
# printed on the host device. For a machine without NVRTC it also holds
#   probes    sinter calibrate --prepare PLANS/probes --arch sm_90a
#   families  sinter bench MODEL --config-only --families --prepare ...
# RESULTS receives one file per check and summary.txt, a line per check with
# its seconds; what cannot run says "skipped: REASON". The exit code is the
# number of checks that failed, at most 100.
#
# SINTER_SUITE_QUICK=1          everything in about three minutes
# SINTER_SUITE_VERIFY           plans to compare op by op with the interpreter
#                               (default: all that have tokens)
# SINTER_SUITE_CONTEXTS, _MODES what is timed
# SINTER_SUITE_FAMILIES         model of the families' configurations
# SINTER_SUITE_SHAPES           products that the library is priced for
# SINTER_SUITE_SOAK             tokens
# SINTER_SUITE_PEERS            script for other implementations (hf_step.py)
# SINTER_SUITE_PEERS_SECONDS    that it may take
set -u
if [ $# -ne 3 ]; then
  sed -n '2,25s/^# \{0,1\}//p' "$0"
  exit 2
fi
sinter=$1
plans=$2
results=$3
quick=${SINTER_SUITE_QUICK:-}
contexts=${SINTER_SUITE_CONTEXTS:-1,512,4096}
modes=${SINTER_SUITE_MODES:-stream,graph,pdl}
families=${SINTER_SUITE_FAMILIES-qwen3-0.6b}
soak=${SINTER_SUITE_SOAK:-10000}
peers=${SINTER_SUITE_PEERS:-$(dirname "$0")/../test/bench/hf_step.py}
qwen="1x4096x1024,1x1024x2048,1x6144x1024,1x1024x3072,1x151936x1024"
shapes=${SINTER_SUITE_SHAPES:-$qwen,64x4096x1024,512x4096x1024,512x151936x1024}
limit=300
if [ -n "$quick" ]; then
  contexts=${SINTER_SUITE_CONTEXTS:-1,512}
  modes=${SINTER_SUITE_MODES:-graph,pdl}
  shapes=${SINTER_SUITE_SHAPES:-$qwen}
  limit=60
fi
mkdir -p "$results" || exit 4
summary=$results/summary.txt
failed=0
: >"$summary"

say() {
  echo "$1" | tee -a "$summary"
}

# check NAME COMMAND...: output to NAME.out, talk to NAME.err, one summary line.
check() {
  what=$1
  shift
  begin=$(date +%s)
  if timeout "$limit" "$@" >"$results/$what.out" 2>"$results/$what.err"; then
    verdict=ok
  else
    verdict="FAILED ($?)"
    failed=$((failed + 1))
  fi
  say "$verdict  $what  $(($(date +%s) - begin)) s"
}

date -u +%Y-%m-%dT%H:%M:%SZ >>"$summary"
# It also wants what only the host device needs.
"$sinter" doctor --format csv >"$results/doctor.out" 2>"$results/doctor.err" ||
  say "doctor: $(tail -n 1 "$results/doctor.err")"
if ! grep -q '^GPU,ok' "$results/doctor.out"; then
  say "skipped: no device"
  exit "$failed"
fi

# kit NAME: the arguments for kernels that were built beforehand.
kit() {
  if [ -d "$plans/$1" ]; then
    echo "--binaries $plans/$1"
  fi
}

# First: what follows is compared with it. Words of $(kit) are arguments.
# shellcheck disable=SC2046
check calibrate "$sinter" calibrate -o "$results/calibrated.json" \
  --shapes "$shapes" --format json $(kit probes)

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
  # Checkpoints that are in the tree hold 1,024 positions and more.
  check "$name-bench" "$sinter" bench "$plan" "$@" \
    --contexts "$([ -e "$tokens" ] && echo 1,512 || echo "$contexts")" \
    --modes "$modes" --format json
  check "$name-kernels" "$sinter" bench "$plan" "$@" --contexts 512 \
    --modes pdl --kernels --warmup 10 --samples 10 --runs 10 --format csv
  check "$name-steps" "$sinter" bench "$plan" "$@" --contexts 512 \
    --modes pdl --steps-per-launch 8 --format json
  check "$name-soak" "$sinter" bench "$plan" "$@" --soak "$soak" --format json
  # Whatever it finds makes it fail; its own failure to start is a reason.
  if [ ! -e "$tokens" ]; then
    continue
  elif ! command -v compute-sanitizer >/dev/null; then
    say "skipped: no compute-sanitizer  $name-sanitizer"
  else
    for tool in memcheck racecheck; do
      check "$name-$tool" compute-sanitizer --tool "$tool" --error-exitcode 9 \
        "$sinter" run "$plan" "$@" --device cuda --ids 1,2,3 -n 4 \
        --ignore-eos --format json
    done
  fi
done

if [ -n "$families" ]; then
  # shellcheck disable=SC2046
  check families "$sinter" bench "$families" --config-only --families \
    --modes pdl --samples 9 --runs 2 --format csv $(kit families)
fi

if [ ! -e "$peers" ]; then
  say "skipped: no $peers  peers"
elif ! python3 -c 'import torch, transformers' 2>/dev/null; then
  say "skipped: torch and transformers are not both installed  peers"
else
  limit=${SINTER_SUITE_PEERS_SECONDS:-${quick:+180}}
  limit=${limit:-560}
  check peers python3 "$peers" --contexts "$contexts" --total $((limit - 10)) \
    ${quick:+--quick}
fi
[ "$failed" -gt 100 ] && failed=100
exit "$failed"
