"""Writes nn.json: what PyTorch makes of layers, initialisation gains, optimizers, schedules, clipping.

Run with a Python that has torch: python3 test/goldens/nn.py
"""

import json
import os

import torch
from torch.optim import lr_scheduler

torch.manual_seed(20240607)
STEPS = 10


def plain(value):
    """Tensors as {shape, data}, nine digits: enough to name a float32."""
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "data": plain(value.detach().reshape(-1).tolist())}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float("%.9g" % value)
    return value


def layers():
    linear = torch.nn.Linear(4, 5)
    x = torch.randn(2, 3, 4, requires_grad=True)
    dy = torch.randn(2, 3, 5)
    y = linear(x)
    y.backward(dy)
    embedding = torch.nn.Embedding(6, 3)
    ids = torch.tensor([[0, 5, 2], [2, 2, 1]])
    dv = torch.randn(2, 3, 3)
    vectors = embedding(ids)
    vectors.backward(dv)
    return {
        "linear": {
            "state": linear.state_dict(),
            "x": x,
            "y": y,
            "dy": dy,
            "dx": x.grad,
            "dWeight": linear.weight.grad,
            "dBias": linear.bias.grad,
        },
        "embedding": {
            "state": embedding.state_dict(),
            "ids": ids,
            "y": vectors,
            "dy": dv,
            "dWeight": embedding.weight.grad,
        },
    }


def activations():
    x = torch.tensor([-3.0, -1.0, -0.1, 0.0, 0.5, 2.0])
    modules = {
        "identity": torch.nn.Identity(),
        "relu": torch.nn.ReLU(),
        "leakyRelu": torch.nn.LeakyReLU(),
        "tanh": torch.nn.Tanh(),
        "sigmoid": torch.nn.Sigmoid(),
        "gelu": torch.nn.GELU(),
        "geluTanh": torch.nn.GELU(approximate="tanh"),
        "silu": torch.nn.SiLU(),
        "reluSquared": lambda x: torch.relu(x) ** 2,
    }
    return {"x": x, "y": {name: module(x) for name, module in modules.items()}}


def gains():
    gain = torch.nn.init.calculate_gain
    names = {"linear": "linear", "conv": "conv1d", "sigmoid": "sigmoid", "tanh": "tanh",
             "relu": "relu", "leakyRelu": "leaky_relu", "selu": "selu"}
    table = [[ours, None, float(gain(theirs))] for ours, theirs in names.items()]
    return table + [["leakyRelu", 0.2, gain("leaky_relu", 0.2)], ["leakyRelu", 0, gain("leaky_relu", 0)]]


def fans():
    fan = torch.nn.init._calculate_fan_in_and_fan_out
    return [[list(shape), *fan(torch.empty(shape))] for shape in [(5, 3), (4, 3, 2), (2, 3, 4, 5)]]


# Parameters (3, 2), (4) and (2), and a gradient of each for every step; null where there is none.
START = [torch.randn(3, 2), torch.randn(4), torch.randn(2)]
GRADIENTS = [
    [torch.randn(3, 2), None if t in (0, 4, 5) else torch.randn(4), torch.randn(2)] for t in range(STEPS)
]


def trajectory(make, options, group=None):
    """The parameters after 1, 2 and all steps. With `group`, the last parameter is a group of its own."""
    params = [p.clone().requires_grad_() for p in START]
    if group is None:
        optimizer = make(params, **options)
    else:
        optimizer = make([{"params": params[:2]}, {"params": params[2:], **group}], **options)
    found = []
    for t in range(STEPS):
        for p, g in zip(params, GRADIENTS[t]):
            p.grad = None if g is None else g.clone()
        optimizer.step()
        if t in (0, 1, STEPS - 1):
            found.append([p.detach().clone() for p in params])
    return found


def optimizers():
    cases = [
        ("SGD", {"lr": 0.1}, None),
        ("SGD", {"lr": 0.1, "weight_decay": 0.2}, None),
        ("SGD", {"lr": 0.1, "momentum": 0.9}, None),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}, None),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}, None),
        ("SGD", {"lr": 0.1, "momentum": 0.9}, {"lr": 0.02, "weight_decay": 0.3, "momentum": 0.5}),
        ("AdamW", {}, None),
        ("AdamW", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}, None),
        ("AdamW", {"lr": 0.05, "weight_decay": 0.3}, {"lr": 0.01, "weight_decay": 0.0, "betas": (0.5, 0.9)}),
    ]
    spelt = {"weight_decay": "weightDecay"}
    rename = lambda options: options and {spelt.get(k, k): v for k, v in options.items()}
    return [
        {"kind": kind, "options": rename(options), "group": rename(group),
         "after": trajectory(getattr(torch.optim, kind), options, group)}
        for kind, options, group in cases
    ]


def rates(make, lr, steps=25):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def schedules():
    def both(optimizer):
        warm = lr_scheduler.LinearLR(optimizer, start_factor=0.25, end_factor=1.0, total_iters=8)
        fall = lr_scheduler.CosineAnnealingLR(optimizer, T_max=16, eta_min=0.05)
        return lr_scheduler.SequentialLR(optimizer, [warm, fall], milestones=[8])

    return {
        "LinearLR": rates(lambda o: lr_scheduler.LinearLR(o, 0.25, 1.0, 8), 0.4),
        "StepLR": rates(lambda o: lr_scheduler.StepLR(o, 7, 0.5), 0.4),
        "MultiStepLR": rates(lambda o: lr_scheduler.MultiStepLR(o, [5, 6, 20], 0.1), 0.4),
        "CosineAnnealingLR": rates(lambda o: lr_scheduler.CosineAnnealingLR(o, 20, 0.05), 0.4, 21),
        "SequentialLR": rates(both, 0.4),
    }


def clipping():
    found = []
    for max_norm in [0.5, 3.0, 1000.0]:
        params = [p.clone().requires_grad_() for p in START]
        for p, g in zip(params, GRADIENTS[0]):
            p.grad = None if g is None else g.clone()
        norm = torch.nn.utils.clip_grad_norm_(params, max_norm)
        found.append({"maxNorm": max_norm, "norm": float(norm), "gradients": [p.grad for p in params]})
    return found


def main():
    golden = {
        "torch": torch.__version__,
        **layers(),
        "activations": activations(),
        "gains": gains(),
        "fans": fans(),
        "start": START,
        "gradients": GRADIENTS,
        "optimizers": optimizers(),
        "schedules": schedules(),
        "clipping": clipping(),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(plain(golden), file, allow_nan=False)
        file.write("\n")


main()
