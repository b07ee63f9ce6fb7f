#!/usr/bin/env python3
"""Microseconds of a step by Hugging Face transformers on this GPU.

    python3 hf_step.py [--model qwen3-0.6b|FOLDER] [--ways eager,graph,compiled,descent] [--contexts 1,512,4096]
                       [--batches 8,64] [--prefill 512,4096] [--limit SECONDS] [--total SECONDS] [--quick]

The shape of `sinter bench MODEL --config-only`: random weights, bf16, a static cache of the context. Ways:

    eager     the model as it is
    graph     the same, captured as one CUDA graph
    compiled  torch.compile with CUDA graphs (mode reduce-overhead, whole graph, static shapes)
    descent   the same with coordinate descent (left out by --quick)

A decode step is one forward and the argmax, timed at each context with one sequence, and at context 512 with --batches sequences
(compiled only). --prefill (compiled only) times a forward of so many tokens of one sequence into an empty cache, logits of the last.
Steps follow each other on the GPU as in generation; a sample is several, its time on the GPU's clock.

Every cell is a process of its own with its own limit: those of one way prepare side by side (descent one after another, because it
times kernels), then they are timed one after another. A line of JSON each, as soon as it is there: first what all have in common,
then {"way", "batch", "tokens", "context", "median_ns", ...} or an "error". Exit code 77 and a reason where torch, transformers or
a GPU is missing; 1 where no cell gave a time.
"""

import argparse
import datetime
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIGS = os.path.join(HERE, "..", "..", "models", "configs")
WAYS = ["eager", "graph", "compiled", "descent"]
COMPILE = {
    "compiled": {"mode": "reduce-overhead"},
    "descent": {"options": {"triton.cudagraphs": True, "coordinate_descent_tuning": True}},
}


def say(line):
    print(json.dumps(line), flush=True)


# ---- One cell, in a process of its own ----


class Step:
    """What a cell times. `run()` is one step; `rewind()` lets the next begin at the context again."""

    def __init__(self, cell, device):
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM, StaticCache

        self.torch = torch
        self.prefill = cell["tokens"] > 1
        self.steps = 1 if self.prefill or cell["way"] == "eager" else 10
        torch.manual_seed(0)
        config = AutoConfig.from_pretrained(cell["model"])
        with torch.device(device):
            self.model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.bfloat16).eval()
        self.begin = 0 if self.prefill else cell["context"] - 1
        room = cell["tokens"] if self.prefill else -(-(cell["context"] + self.steps) // 16) * 16
        heads = config.num_key_value_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.cache = StaticCache(config=config, max_cache_len=room)
        self.cache.early_initialization(cell["batch"], heads, size, torch.bfloat16, torch.device(device))
        for layer in self.cache.layers:
            layer.keys.normal_()
            layer.values.normal_()
        self.ids = torch.ones((cell["batch"], cell["tokens"]), dtype=torch.long, device=device)
        self.chosen = None
        self.forward = self._forward
        if cell["way"] in COMPILE:
            self.forward = torch.compile(self._forward, fullgraph=True, dynamic=False, **COMPILE[cell["way"]])

    def _forward(self, ids):
        # The mask of a whole prompt is "causal", as generate() prepares it; with none given a masked kernel would run.
        mask = {"full_attention": None} if self.prefill else None
        logits = self.model(input_ids=ids, attention_mask=mask, past_key_values=self.cache, use_cache=True,
                            logits_to_keep=1).logits
        return logits[:, -1].argmax(-1)

    def run(self):
        self.torch.compiler.cudagraph_mark_step_begin()
        self.chosen = self.forward(self.ids)

    def rewind(self):
        for layer in self.cache.layers:
            layer.cumulative_length.fill_(self.begin)

    def capture(self):
        torch = self.torch
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.rewind()
                self.run()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        self.rewind()
        with torch.cuda.graph(graph):
            self.chosen = self.forward(self.ids)
        self.run = graph.replay

    def warm(self):
        for _ in range(5):
            self.rewind()
            for _ in range(self.steps):
                self.run()

    def sample(self):
        """Nanoseconds a step."""
        begin = self.torch.cuda.Event(enable_timing=True)
        end = self.torch.cuda.Event(enable_timing=True)
        self.rewind()
        begin.record()
        for _ in range(self.steps):
            self.run()
        end.record()
        end.synchronize()
        return 1e6 * begin.elapsed_time(end) / self.steps


def work(cell):
    """Prepares, says so, waits for its turn, times."""
    row = {key: cell[key] for key in ("way", "batch", "tokens", "context")}
    began = time.monotonic()
    try:
        import torch

        with torch.no_grad():
            step = Step(cell, "cuda")
            if cell["way"] == "graph":
                step.capture()
            step.warm()
            torch.cuda.synchronize()
            row["prepare_s"] = round(time.monotonic() - began, 1)
            say({"ready": True})
            sys.stdin.readline()
            step.warm()
            times = [step.sample() for _ in range(cell["repeats"])]
        deciles = statistics.quantiles(times, n=10)
        median = statistics.median(times)
        row |= {"median_ns": round(median), "p10_ns": round(deciles[0]), "p90_ns": round(deciles[8]),
                "cv": round(statistics.stdev(times) / statistics.mean(times), 4), "samples": len(times), "steps": step.steps,
                "tokens_per_second": round(1e9 * cell["batch"] * cell["tokens"] / median)}
        if cell["way"] in COMPILE:
            skips = torch._dynamo.utils.counters["inductor"]["cudagraph_skips"]
            if skips:
                row["note"] = f"{skips} CUDA graphs were skipped"
    except Exception as error:  # a version of torch or transformers that cannot do it
        text = str(error).strip()
        row["error"] = f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"[:300]
    say(row)


# ---- All cells ----


def command_of(cell):
    return [sys.executable, os.path.abspath(__file__), "--cell", json.dumps(cell)]


class Worker:
    def __init__(self, cell, threads):
        self.cell = cell
        self.begun = time.monotonic()
        self.text = b""
        environment = dict(os.environ, TORCHINDUCTOR_COMPILE_THREADS=str(threads), PYTHONUNBUFFERED="1")
        self.process = subprocess.Popen(command_of(cell), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, env=environment, start_new_session=True)

    def line(self, until):
        """The next line of JSON; None at its end or when it is `until`."""
        while b"\n" not in self.text:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                return None
            self.text += read
        line, _, self.text = self.text.partition(b"\n")
        try:
            return json.loads(line)
        except json.JSONDecodeError:  # what a library prints
            return self.line(until)

    def failed(self, why):
        self.stop()
        return {key: self.cell[key] for key in ("way", "batch", "tokens", "context")} | {"error": why}

    def stop(self):
        """Its own processes too: torch compiles in several."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def run_wave(cells, arguments, end):
    """Prepares all, then times one after another."""
    threads = max(1, (os.cpu_count() or 1) // len(cells))
    workers = [Worker(cell, threads) for cell in cells]
    timed = 0
    try:
        ready = []
        for worker in workers:
            until = min(worker.begun + arguments.limit, end)
            line = worker.line(until)
            if line is None:
                late = time.monotonic() >= until
                say(worker.failed(f"not prepared in {round(until - worker.begun)} s" if late else "ended without a word"))
            elif "ready" in line:
                ready.append(worker)
            else:
                say(line)
                worker.stop()
        for worker in ready:
            worker.process.stdin.write(b"\n")
            worker.process.stdin.flush()
            line = worker.line(min(time.monotonic() + 60, end))
            say(line or worker.failed("not timed in 60 s, or ended without a word"))
            timed += bool(line) and "median_ns" in line
            worker.stop()
    finally:
        for worker in workers:
            worker.stop()
    return timed


def numbers(text):
    return [int(word) for word in text.split(",") if word]


def waves_of(arguments, model):
    def cell(way, batch, tokens, context):
        repeats = arguments.repeats if way != "eager" else max(2, arguments.repeats // 3)
        return {"way": way, "batch": batch, "tokens": tokens, "context": context, "model": model, "repeats": repeats}

    for way in arguments.ways.split(","):
        cells = [cell(way, 1, 1, context) for context in numbers(arguments.contexts)]
        if way == "descent":
            yield from ([one] for one in sorted(cells, key=lambda one: one["context"] != 512))
            continue
        if way == "compiled":
            cells += [cell(way, batch, 1, 512) for batch in numbers(arguments.batches)]
            cells += [cell(way, 1, tokens, tokens) for tokens in numbers(arguments.prefill)]
        if cells:
            yield cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen3-0.6b")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--contexts", default="1,512,4096")
    parser.add_argument("--batches", default="8,64")
    parser.add_argument("--prefill", default="512,4096")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--limit", type=float, default=300, help="seconds to prepare a cell")
    parser.add_argument("--total", type=float, default=3600, help="seconds for everything")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cell:
        work(json.loads(arguments.cell))
        return
    end = time.monotonic() + arguments.total
    try:
        import torch
        import transformers
    except ImportError as error:
        print(f"skipped: {error}", file=sys.stderr)
        sys.exit(77)
    if not torch.cuda.is_available():
        print("skipped: torch finds no GPU", file=sys.stderr)
        sys.exit(77)
    model = arguments.model
    if not os.path.isdir(model):
        model = os.path.join(CONFIGS, model + ".json")
        if not os.path.isfile(model):
            parser.error("--model: a folder with config.json, or a config of models/configs")
    if arguments.quick:
        arguments.ways = arguments.ways.replace(",descent", "")
    if any(way not in WAYS for way in arguments.ways.split(",")):
        parser.error("--ways: some of " + ",".join(WAYS))
    say({"schema_version": 1, "view": "peers", "model": arguments.model, "device": torch.cuda.get_device_name(),
         "torch": torch.__version__, "transformers": transformers.__version__, "date": datetime.date.today().isoformat(),
         "command": " ".join(["hf_step.py"] + sys.argv[1:])})
    # A kill must not leave cells behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    timed = 0
    for cells in waves_of(arguments, os.path.abspath(model)):
        if time.monotonic() >= end:
            for cell in cells:
                say({key: cell[key] for key in ("way", "batch", "tokens", "context")} | {"error": "not begun: --total is over"})
            continue
        timed += run_wave(cells, arguments, end)
    sys.exit(0 if timed else 1)


if __name__ == "__main__":
    main()
