"""Golden values for the causal convolution: PyTorch's conv1d, padded with zeros on the left.

Writes conv.json beside itself: python3 test/goldens/conv.py

Every kernel from 1 to 8 with every dilation from 1 to 16, then some with groups. Inputs are a formula of
their position, which the test repeats; results are in PyTorch's layouts, computed in doubles.
"""
import base64
import json
import pathlib

import numpy
import torch
import torch.nn.functional as F


def wave(shape, phase):
    """sin(phase + 1.7 i) for element i: what the test computes too."""
    i = torch.arange(int(numpy.prod(shape)), dtype=torch.float64)
    return torch.sin(phase + 1.7 * i).view(shape)


def encode(tensor):
    return base64.b64encode(tensor.detach().contiguous().numpy().astype(numpy.float32).tobytes()).decode()


def case(kernel, dilation, B, T, size_in, size_out, groups=1, bias=True):
    x = wave((B, T, size_in), 0.3).requires_grad_()
    weight = wave((size_out, size_in // groups, kernel), 0.9).requires_grad_()
    b = wave((size_out,), 2.1).requires_grad_() if bias else None
    padded = F.pad(x.transpose(1, 2), ((kernel - 1) * dilation, 0))  # (B, C, pad + T)
    y = F.conv1d(padded, weight, b, dilation=dilation, groups=groups).transpose(1, 2)  # (B, T, out)
    y.backward(wave(y.shape, 0.5))
    return {
        "kernel": kernel, "dilation": dilation, "B": B, "T": T, "in": size_in, "out": size_out, "groups": groups,
        "y": encode(y), "dx": encode(x.grad), "dWeight": encode(weight.grad),
        "dBias": encode(b.grad) if bias else None,
    }


cases = [
    # T from 1 to 24: often shorter than the receptive field, at times longer than all of it.
    case(k, d, B=1 + (k + d) % 3, T=1 + (5 * k + 7 * d) % 24, size_in=3, size_out=4, bias=(k + d) % 4 != 0)
    for k in range(1, 9)
    for d in range(1, 17)
]
cases += [
    case(k, d, B=2, T=9, size_in=6, size_out=size_out, groups=groups, bias=bias)
    for k, d in [(1, 1), (2, 1), (3, 2), (4, 5)]
    for groups, size_out in [(2, 4), (3, 9), (6, 6), (6, 12)]
    for bias in [True, False]
]
pathlib.Path(__file__).with_name("conv.json").write_text(json.dumps(cases) + "\n")
