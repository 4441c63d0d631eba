"""Cases for tests of expressions: inputs, what PyTorch makes of them, and gradients.

A case's upstream gradient is 0.5 + 0.25 * i over the flat result. What JSON cannot hold is a string:
"nan", "inf", "-inf".
"""
import json
import math

import torch

DTYPES = {torch.bool: "bool", torch.int64: "int32", torch.float64: "float32"}


def numbers(*shape):
    """Rounded, so that the file is small and float32 holds nearly the same."""
    return torch.round(torch.randn(*shape) * 64) / 64


def flat(t):
    def plain(v):
        if isinstance(v, bool):
            return int(v)
        return float(f"{v:.12g}") if math.isfinite(v) else str(v)

    packed = {"shape": list(t.shape), "values": [plain(v) for v in t.flatten().tolist()]}
    return packed if t.dtype == torch.float64 else {**packed, "dtype": DTYPES[t.dtype]}


def case(inputs, run, ints=(), grad=True):
    """One case; without `grad`, its result alone."""
    leaves = [t.clone().requires_grad_(grad) for t in inputs]
    y = run(*leaves, *ints)
    if grad:
        y.backward(0.5 + 0.25 * torch.arange(y.numel(), dtype=torch.float64).reshape(y.shape))
    return {
        "inputs": [flat(t) for t in inputs],
        "ints": [flat(t) for t in ints],
        "output": flat(y.detach()),
        "grads": [flat(t.grad) for t in leaves] if grad else [],
    }


def write(path, cases):
    path.write_text(json.dumps(cases, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
