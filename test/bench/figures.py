#!/usr/bin/env python3
"""The figures of the project on this machine, from a release build.

    python3 test/bench/figures.py [--large]

Cold means an empty kernel cache. --large adds one decode step of the shape of
Qwen3-0.6B with random weights on the host device.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "build", "bin")
TALES = os.path.join(ROOT, "models", "checkpoints", "tales")
STORY = ["--prompt", "Once upon a time"]


def run(cache, *arguments):
    """Seconds, stdout, stderr of one command that must succeed."""
    environment = dict(os.environ, SINTER_CACHE_DIR=cache)
    start = time.monotonic()
    done = subprocess.run(list(arguments), env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return seconds, done.stdout, done.stderr


def sinter(cache, *arguments):
    return run(cache, os.path.join(BIN, "sinter"), *arguments)


def rate(stderr):
    return re.search(r"([0-9.]+) tokens/s", stderr).group(1)


def peak_kilobytes():
    """Largest resident size of any child so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def row(what, value, limit):
    print(f"| {what} | {value} | {limit} |", flush=True)


def main():
    print("| figure | here | aim |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        cache = os.path.join(folder, "cache")
        plan = os.path.join(folder, "tales.plan")

        _, out, _ = run(cache, os.path.join(BIN, "models_bench"))
        for line in out.splitlines():
            row("models_bench: " + line, "", "32B import 0.3 s")

        cold, _, _ = sinter(cache, "compile", TALES, "-o", plan)
        row("compile tales, cold", f"{cold:.2f} s", "20 s with the next line")
        cold, _, err = sinter(cache, "run", plan, *STORY, "-n", "1")
        row("first token, cold: host compiler, 17 kernels", f"{cold:.2f} s", "")
        warm = min(sinter(cache, "compile", TALES, "-o", plan)[0] for _ in range(3))
        row("compile tales, warm", f"{warm:.2f} s", "0.3 s")
        # With cubins where NVRTC is; the plan is written over itself when warm.
        large = os.path.join(folder, "large.plan")
        cubins = os.path.join(folder, "cubins")
        for name, aim in (("cold", "3 s"), ("warm", "0.2 s")):
            seconds, _, _ = sinter(cubins, "compile", "qwen3-0.6b", "--config-only", "-o", large)
            row(f"compile qwen3-0.6b, {name}", f"{seconds:.2f} s", aim)
        warm = min(sinter(cache, "run", plan, *STORY, "-n", "1")[0] for _ in range(3))
        row("run of one token, warm", f"{warm:.2f} s", "")
        _, _, err = sinter(cache, "run", plan, *STORY)
        row("run tales, checked", rate(err) + " tokens/s", "10")
        sinter(cache, "run", plan, *STORY, "-n", "1", "--unchecked")
        _, _, err = sinter(cache, "run", plan, *STORY, "--unchecked")
        row("run tales, unchecked", rate(err) + " tokens/s", "100")
        _, _, err = sinter(cache, "run", TALES, *STORY, "--interpreter")
        row("run tales, interpreter", rate(err) + " tokens/s", "")

        before = peak_kilobytes()
        if before < 1 << 20:
            row("peak memory of any of these", f"{before // 1024} MiB", "weights (3 MB) + 200 MB")

        _, out, _ = run(cache, os.path.join(BIN, "tokenizer_bench"))
        for line in out.splitlines():
            row("tokenizer_bench: " + line, "", "5 MB/s")

        if "--large" in sys.argv[1:]:
            _, out, _ = run(cache, os.path.join(BIN, "decode_bench"), "qwen3-0.6b", "2", "512", "UNCHECKED")
            for line in out.splitlines():
                row("decode_bench: " + line, "", "3 s per step")
            row("peak memory", f"{peak_kilobytes() // 1024} MiB", "weights (1,137 MiB) + 200 MB")


main()
