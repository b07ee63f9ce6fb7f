#!/usr/bin/env python3
"""Microseconds of a decode step by Hugging Face on this GPU.

    python3 hf_step.py [--model qwen3-0.6b|FOLDER] [--contexts 1,512,4096] [--quick]

The same shape as `sinter bench MODEL --config-only`: random weights, bf16,
batch 1, a static cache that holds the context. Rows: eager, torch.compile with
CUDA graphs, the same with coordinate descent (not with --quick). A step is one
forward and the argmax; its time is the median of repetitions on the GPU's clock.
Prints JSON in the form of sinter's tables. Exit code 77 and a reason where
torch, transformers or a GPU is missing.
"""

import argparse
import datetime
import json
import os
import statistics
import sys

# The published config, where the folder of configs is not there.
QWEN3_06B = {
    "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6, "rope_theta": 1000000, "tie_word_embeddings": True, "attention_bias": False,
}


def skip(reason):
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(77)


def time_step(torch, step, repeats):
    """Median, 10th and 90th percentile in microseconds."""
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    times = []
    for _ in range(repeats):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        begin.record()
        step()
        end.record()
        end.synchronize()
        times.append(1e3 * begin.elapsed_time(end))
    deciles = statistics.quantiles(times, n=10)
    return statistics.median(times), deciles[0], deciles[8]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="qwen3-0.6b")
    parser.add_argument("--contexts", default="1,512,4096")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    try:
        import torch
        import transformers
        from transformers import Qwen3Config, Qwen3ForCausalLM, StaticCache
    except ImportError as error:
        skip(f"{error}")
    if not torch.cuda.is_available():
        skip("torch finds no GPU")

    if os.path.isdir(arguments.model):
        with open(os.path.join(arguments.model, "config.json"), encoding="utf-8") as file:
            config = Qwen3Config(**json.load(file))
    elif arguments.model == "qwen3-0.6b":
        config = Qwen3Config(**QWEN3_06B)
    else:
        parser.error("--model: qwen3-0.6b, or a folder with config.json")
    contexts = [int(text) for text in arguments.contexts.split(",")]
    torch.manual_seed(0)
    config._attn_implementation = "sdpa"
    model = Qwen3ForCausalLM(config).to(device="cuda", dtype=torch.bfloat16).eval()

    ways = [("eager", None), ("compiled", {"mode": "reduce-overhead", "fullgraph": True})]
    if not arguments.quick:
        ways.append(("coordinate descent", {"fullgraph": True, "options": {
            "triton.cudagraphs": True, "coordinate_descent_tuning": True}}))
    rows = []
    with torch.inference_mode():
        for way, options in ways:
            forward = model.forward
            if options is not None:
                torch._dynamo.reset()
                forward = torch.compile(model.forward, **options)
            for context in contexts:
                cache = StaticCache(config=config, max_cache_len=max(context, 16), max_batch_size=1,
                                    device="cuda", dtype=torch.bfloat16)
                ids = torch.ones((1, 1), dtype=torch.long, device="cuda")
                position = torch.tensor([context - 1], device="cuda")

                def step(forward=forward, cache=cache, ids=ids, position=position):
                    if options is not None:
                        torch.compiler.cudagraph_mark_step_begin()
                    logits = forward(input_ids=ids, past_key_values=cache, cache_position=position,
                                     position_ids=position[None], use_cache=True).logits
                    return logits[:, -1].argmax(-1)

                try:
                    median, low, high = time_step(torch, step, arguments.repeats)
                except Exception as error:  # a version of torch that cannot compile it
                    rows.append({"way": way, "context": context, "error": str(error).splitlines()[0]})
                    continue
                rows.append({"way": way, "context": context, "median_ns": round(1e3 * median),
                             "p10_ns": round(1e3 * low), "p90_ns": round(1e3 * high),
                             "tokens_per_second": round(1e6 / median)})
    print(json.dumps({
        "schema_version": 1, "view": "peers", "rows": rows,
        "notes": [f"device: {torch.cuda.get_device_name()}", f"torch {torch.__version__}, transformers {transformers.__version__}",
                  f"date: {datetime.date.today().isoformat()}", "command: " + " ".join(["hf_step.py"] + sys.argv[1:])],
    }, indent=2))


if __name__ == "__main__":
    main()
