#!/usr/bin/env python3
"""Checked-in results from what tools/gpu-suite.sh left.

    python3 test/bench/results.py RESULTS [FILE]     renews FILE (default test/bench/results/h200.json)
    python3 test/bench/results.py --page [FILE]      prints FILE as a page

FILE lists plans by name with the options that they are compiled with; each is renewed from RESULTS/NAME-bench.out, a table of
`sinter bench --format json`. A plan of which there is none is left as it is. test/e2e/ResultsTest.cpp fails when a plan that this
version compiles is no longer the program that was measured; one that is known to be stale says why ("stale").
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def note_of(table, key):
    for note in table["notes"]:
        if note.startswith(key + ": "):
            return note[len(key) + 2:]
    sys.exit(f"no note \"{key}\" in the table")


def renew(folder, path):
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    with open(os.path.join(folder, "summary.txt"), encoding="utf-8") as file:
        date = file.readline().strip()[:10]
    renewed = 0
    for plan in results["plans"]:
        source = os.path.join(folder, plan["name"] + "-bench.out")
        if not os.path.exists(source):
            print(f"{plan['name']}: no {source}; left as it is")
            continue
        with open(source, encoding="utf-8") as file:
            table = json.load(file)
        plan["program"] = note_of(table, "program").removeprefix("sha256 ")
        plan["device"] = note_of(table, "device")
        plan["date"] = date
        plan["rows"] = table["rows"]
        plan.pop("stale", None)
        renewed += 1
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    print(f"{path}: {renewed} of {len(results['plans'])} plans renewed")


def page(path):
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    for plan in results["plans"]:
        print(f"## {plan['name']}\n\n{plan['device']}, {plan['date']}. Program sha256 {plan['program'] or 'not recorded'}.\n")
        if "stale" in plan:
            print(f"Stale: {plan['stale']}\n")
        keys = list(plan["rows"][0]) if plan["rows"] else []
        print("| " + " | ".join(keys) + " |\n|" + " --- |" * len(keys))
        for row in plan["rows"]:
            print("| " + " | ".join(str(row.get(key, "")) for key in keys) + " |")
        print()


def main():
    words = sys.argv[1:]
    printing = "--page" in words
    words = [word for word in words if word != "--page"]
    if len(words) > 2 or (not printing and not words):
        sys.exit(__doc__)
    default = os.path.join(HERE, "results", "h200.json")
    if printing:
        page(words[0] if words else default)
    else:
        renew(words[0], words[1] if len(words) > 1 else default)


if __name__ == "__main__":
    main()
