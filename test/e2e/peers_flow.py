"""What test/bench/hf_step.py does with cells that never get ready, end without a word or fail: python3 peers_flow.py"""

import io
import json
import os
import sys
import time
import types
from contextlib import redirect_stdout

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import hf_step  # noqa: E402

# By context: what stands in for a cell's process.
SCRIPTS = {
    1: 'print("a library speaks"); print(\'{"ready": true}\', flush=True); input(); print(\'{"context": 1, "median_ns": 7}\')',
    2: "import time; time.sleep(60)",
    3: "",
    4: 'print(\'{"context": 4, "error": "no"}\')',
    5: 'print(\'{"ready": true}\', flush=True); input()',
}


def wanted(condition, what):
    if not condition:
        sys.exit(f"wanted {what}")


def rows_of(wave, arguments):
    """Cells with a time, and what was printed, by context."""
    with redirect_stdout(io.StringIO()) as out:
        timed = hf_step.run_wave(wave, arguments, time.monotonic() + 300)
    return timed, {row["context"]: row for row in map(json.loads, out.getvalue().splitlines())}


def main():
    hf_step.command_of = lambda cell: [sys.executable, "-u", "-c", SCRIPTS[cell["context"]]]
    arguments = types.SimpleNamespace(ways="compiled,descent", contexts="1,2,3,4,5", batches="", prefill="", repeats=9, limit=60)
    waves = list(hf_step.waves_of(arguments, "model"))
    wanted([len(wave) for wave in waves] == [5, 1, 1, 1, 1, 1], "coordinate descent to be prepared alone")

    # The limit holds for the cell that never speaks; a busy machine may take long over the others.
    silent = [cell for cell in waves[0] if cell["context"] == 2]
    others = [cell for cell in waves[0] if cell["context"] != 2]
    timed, rows = rows_of(others, arguments)
    wanted(timed == 1 and rows[1]["median_ns"] == 7, f"one time in {rows}")
    wanted(rows[3]["error"] == "ended without a word", f"an end in {rows[3]}")
    wanted(rows[4]["error"] == "no", f"the cell's own error in {rows[4]}")
    wanted("without a word" in rows[5]["error"], f"an end in {rows[5]}")

    arguments.limit = 1
    begin = time.monotonic()
    timed, rows = rows_of(silent, arguments)
    wanted(timed == 0 and rows[2]["error"] == "not prepared in 1 s", f"a limit in {rows[2]}")
    wanted(time.monotonic() - begin < 50, "no wait beyond the limit")


if __name__ == "__main__":
    main()
