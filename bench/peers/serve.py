"""What PyTorch's side of every training benchmark shares: steps, as its users write them, and lines of JSON.

First a line with the configuration and the folder with what to start from, batches among it (raw int64);
then, for each {"steps": n}, n training steps, answered with their losses, their seconds and the peak of
its memory; for {"tokens": n}, n tokens written, answered with the seconds.
"""
import json
import resource
import sys
import time

import numpy
import torch
import torch.nn.functional as F


def floats(path):
    return numpy.fromfile(path, dtype=numpy.float32)


def ids(path):
    return torch.from_numpy(numpy.fromfile(path, dtype=numpy.int64))


def peak_memory():
    """Bytes held at most: of this address space, where Linux tells, and not of the starting process."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def first_then_all(pool, start, count):
    """The pool from `start` to its end, then from its beginning again and again."""
    rest = max(0, count - (len(pool) - start))
    return numpy.concatenate([pool[start:start + count], numpy.resize(pool, rest)])


def serve(make):
    """`make` turns the configuration into a model, filled, and an optimizer."""
    c = json.loads(sys.stdin.readline())
    torch.set_num_threads(c["threads"])
    model, optimizer = make(c)
    inputs = ids(f"{c['folder']}/inputs.i64").view(-1, c["batchSize"], c["blockSize"])
    targets = ids(f"{c['folder']}/targets.i64").view(len(inputs), -1)
    print(json.dumps({"ready": torch.__version__, "threads": torch.get_num_threads()}), flush=True)

    step = 0
    for line in sys.stdin:
        message = json.loads(line)
        if "tokens" in message:
            start = time.perf_counter()
            model.generate(torch.zeros(1, 1, dtype=torch.int64), message["tokens"])
            print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
            continue
        losses, seconds = [], []
        for _ in range(message["steps"]):
            i = step % len(inputs)
            start = time.perf_counter()
            logits = model(inputs[i])
            loss = F.cross_entropy(logits.view(-1, logits.shape[-1]), targets[i])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            seconds.append(time.perf_counter() - start)
            step += 1
        print(json.dumps({"losses": losses, "seconds": seconds, "peakBytes": peak_memory()}), flush=True)
