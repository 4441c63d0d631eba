"""Writes muon.json: ten steps of Muon, from its published formulas, in double precision.

torch.optim.Muon is younger than PyTorch 1.13, so the formulas are spelt out here: Jordan et al. 2024 ("Muon: an
optimizer for hidden layers in neural networks"), the scale matched to AdamW's from Liu et al. 2025 ("Muon is
scalable for LLM training"). What is no hidden matrix goes to torch.optim.AdamW.

Run with a Python that has torch: python3 test/goldens/muon.py
"""

import json
import math
import os

import torch

torch.manual_seed(20241204)
STEPS = 10
# Wide, tall, square, and three matrices one below the other; then a table and a bias, AdamW's.
SHAPES = [(4, 9), (11, 3), (5, 5), (8, 4), (6, 3), (4,)]
STACKED = [[4], [11], [5], [4, 2, 2]]
# What float32 holds exactly, so that both sides begin from the same numbers.
START = [torch.randn(shape).double() for shape in SHAPES]
GRADIENTS = [[torch.randn(shape).double() for shape in SHAPES] for _ in range(STEPS)]


def orthogonalised(u):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = u.T if u.shape[0] > u.shape[1] else u
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if u.shape[0] > u.shape[1] else x


def scale(kind, rows, columns):
    if kind == "original":
        return math.sqrt(max(1, rows / columns))
    return 0.2 * math.sqrt(max(rows, columns))


def trajectory(kind, nesterov, lr, decay, momentum, adamw):
    matrices = [p.clone() for p in START[:4]]
    buffers = [torch.zeros_like(p) for p in matrices]
    others = [p.clone().requires_grad_() for p in START[4:]]
    rest = torch.optim.AdamW(others, lr=adamw, weight_decay=decay)
    after = []
    for t in range(STEPS):
        for p, m, g, stacked in zip(matrices, buffers, GRADIENTS[t], STACKED):
            m.lerp_(g, 1 - momentum)
            u = g.lerp(m, momentum) if nesterov else m
            p.mul_(1 - lr * decay)
            for part, of in zip(p.split(stacked), u.split(stacked)):
                part.sub_(lr * scale(kind, *of.shape) * orthogonalised(of))
        for p, g in zip(others, GRADIENTS[t][4:]):
            p.grad = g
        rest.step()
        if t in (0, STEPS - 1):
            after.append([p.detach().clone() for p in matrices + others])
    return after


def plain(value):
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "data": [float("%.9g" % x) for x in value.reshape(-1).tolist()]}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


def main():
    cases = [("original", True, 0.02, 0.05, 0.95, 3e-4), ("matchRmsAdamw", True, 0.01, 0.1, 0.95, 0.01),
             ("original", False, 0.05, 0.0, 0.8, 0.05)]
    golden = {
        "torch": torch.__version__,
        "stacked": STACKED,
        "start": plain(START),
        "gradients": plain(GRADIENTS),
        "cases": [
            {"scale": kind, "nesterov": nesterov, "lr": lr, "weightDecay": decay, "momentum": momentum,
             "adamwLr": adamw, "after": plain(trajectory(kind, nesterov, lr, decay, momentum, adamw))}
            for kind, nesterov, lr, decay, momentum, adamw in cases
        ],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "muon.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file, allow_nan=False)
        file.write("\n")


main()
