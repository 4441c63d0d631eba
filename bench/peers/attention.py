"""PyTorch's side of the attention benchmark: nanoGPT's CausalSelfAttention between its two projections,
where there is no flash attention. Lines of JSON: first the case, then {"seconds": s} for a round."""
import json
import math
import statistics
import sys
import time

import numpy
import torch
import torch.nn.functional as F

c = json.loads(sys.stdin.readline())
torch.set_num_threads(c["threads"])
B, H, T, D = c["batch"], c["heads"], c["time"], c["width"]
C = H * D


def floats(name):
    return torch.from_numpy(numpy.fromfile(f"{c['folder']}/{name}.f32", dtype=numpy.float32))


qkv = floats("qkv").view(B, T, 3 * C).requires_grad_()
dy = floats("dy").view(B, T, C)
bias = torch.tril(torch.ones(T, T)).view(1, 1, T, T)


def attend(p):
    q, k, v = qkv.split(C, dim=2)
    k = k.view(B, T, H, D).transpose(1, 2)
    q = q.view(B, T, H, D).transpose(1, 2)
    v = v.view(B, T, H, D).transpose(1, 2)
    att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
    att = att.masked_fill(bias[:, :, :T, :T] == 0, float("-inf"))
    att = F.softmax(att, dim=-1)
    att = F.dropout(att, p)
    y = att @ v
    return y.transpose(1, 2).contiguous().view(B, T, C)


def forward(p):
    with torch.no_grad():
        return attend(p)


def both(p):
    qkv.grad = None
    y = attend(p)
    y.backward(dy)
    return y


def median_time(seconds, body):
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        body(c["dropout"])
        times.append(time.perf_counter() - start)
    return statistics.median(times)


y = both(0)
y.detach().numpy().tofile(f"{c['folder']}/{c['name']}-y.f32")
qkv.grad.numpy().tofile(f"{c['folder']}/{c['name']}-dqkv.f32")
print("{}", flush=True)
for line in sys.stdin:
    seconds = json.loads(line)["seconds"]
    print(json.dumps({"forward": median_time(seconds / 3, forward), "both": median_time(seconds, both)}),
          flush=True)
