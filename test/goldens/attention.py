"""Attention, rotary positions and gated units as their authors publish them, in PyTorch, in double precision.

    python3 test/goldens/attention.py    writes attention.json beside itself (PyTorch 1.13 or later)

Each case has its inputs, its settings, its result, and the gradient of each input for an upstream gradient
of 0.5 + 0.25 * (i % 7) over the flat result. test/attention-goldens.test.ts computes the same.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
CASES = []


def numbers(*shape, scale=1):
    """Rounded, so that float32 holds them exactly and the file is small."""
    return torch.round(scale * torch.randn(*shape) * 64) / 64


def flat(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.10g}") for v in t.flatten().tolist()]}


def case(kind, inputs, settings, run):
    leaves = [t.clone().requires_grad_() for t in inputs]
    y = run(*leaves)
    upstream = (0.5 + 0.25 * (torch.arange(y.numel()) % 7)).reshape(y.shape)
    y.backward(upstream)
    CASES.append({"kind": kind, "settings": settings, "inputs": [flat(t) for t in inputs],
                  "output": flat(y.detach()), "grads": [flat(t.grad) for t in leaves]})


def repeat_kv(x, n):
    """Hugging Face's: (B, kvHeads, T, D) -> (B, kvHeads * n, T, D)."""
    b, h, t, d = x.shape
    return x[:, :, None].expand(b, h, n, t, d).reshape(b, h * n, t, d)


def attention(q, k, v, window=None, softcap=None, scale=None):
    """nanoGPT's plain form, with what its relatives add."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    k, v = (repeat_kv(x, q.shape[1] // k.shape[1]) for x in (k, v))
    tq, tk = q.shape[2], k.shape[2]
    att = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if softcap:
        att = torch.tanh(att / softcap) * softcap
    position = torch.arange(tk - tq, tk)[:, None]
    distance = position - torch.arange(tk)[None]
    seen = distance >= 0
    if window:
        seen &= distance < window
    att = att.masked_fill(~seen, float("-inf"))
    return (F.softmax(att, -1) @ v).transpose(1, 2)


for (b, tq, tk, h, kv, d), settings in [
    ((2, 5, 5, 2, 2, 4), {}),
    ((1, 9, 9, 4, 2, 6), {"window": 3}),
    ((2, 3, 8, 3, 1, 5), {"softcap": 1.5}),
    ((1, 1, 7, 2, 1, 8), {"scale": 0.5}),
    ((1, 35, 40, 1, 1, 3), {"window": 33}),
]:
    inputs = [numbers(b, tq, h, d), numbers(b, tk, kv, d), numbers(b, tk, kv, d)]
    case("attention", inputs, settings, lambda q, k, v: attention(q, k, v, **settings))


def frequencies(dims, theta, scaling, length):
    """As Hugging Face's modeling_rope_utils has them."""
    exponents = torch.arange(0, dims, 2).double() / dims
    if scaling and scaling["kind"] == "dynamic":
        most = scaling["originalMaxPositions"]
        seq = max(length, most)
        base = theta * ((scaling["factor"] * seq / most) - (scaling["factor"] - 1)) ** (dims / (dims - 2))
        return 1.0 / base**exponents
    inv = 1.0 / theta**exponents
    if scaling and scaling["kind"] == "linear":
        return inv / scaling["factor"]
    if scaling and scaling["kind"] == "llama3":
        low, high, old = scaling["lowFreqFactor"], scaling["highFreqFactor"], scaling["originalMaxPositions"]
        wavelen = 2 * math.pi / inv
        llama = torch.where(wavelen > old / low, inv / scaling["factor"], inv)
        smooth = (old / wavelen - low) / (high - low)
        smoothed = (1 - smooth) * llama / scaling["factor"] + smooth * llama
        medium = ~(wavelen < old / high) * ~(wavelen > old / low)
        return torch.where(medium, smoothed, llama)
    return inv


def rotate_half(x):
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


def rotary(x, layout, dims, theta, scaling, offset, length):
    """Hugging Face's for halves, Meta's complex numbers for neighbours. x is (B, T, heads, D)."""
    angles = torch.outer(torch.arange(offset, offset + x.shape[1]).double(),
                         frequencies(dims, theta, scaling, length))
    turned, rest = x[..., :dims], x[..., dims:]
    if layout == "half":
        emb = torch.cat((angles, angles), dim=-1)[None, :, None]
        turned = turned * emb.cos() + rotate_half(turned) * emb.sin()
    else:
        pairs = torch.view_as_complex(turned.reshape(*turned.shape[:-1], -1, 2))
        turns = torch.polar(torch.ones_like(angles), angles)[None, :, None]
        turned = torch.view_as_real(pairs * turns).flatten(3)
    return torch.cat((turned, rest), dim=-1)


LLAMA3 = {"kind": "llama3", "factor": 8.0, "lowFreqFactor": 1.0, "highFreqFactor": 4.0,
          "originalMaxPositions": 8192}
for layout in ["half", "interleaved"]:
    for shape, dims, theta, scaling, offset, length in [
        ((2, 3, 2, 8), 8, 10000.0, None, 0, 3),
        ((1, 4, 1, 10), 6, 500000.0, None, 5, 9),
        ((1, 3, 1, 16), 16, 10000.0, {"kind": "linear", "factor": 4.0}, 10, 20),
        ((1, 3, 1, 8), 8, 10000.0, {"kind": "dynamic", "factor": 2.0, "originalMaxPositions": 16}, 30, 40),
        ((1, 3, 1, 8), 8, 10000.0, {"kind": "dynamic", "factor": 2.0, "originalMaxPositions": 64}, 30, 40),
        ((1, 3, 1, 64), 64, 500000.0, LLAMA3, 1000, 1010),
    ]:
        settings = {"layout": layout, "dims": dims, "theta": theta, "scaling": scaling,
                    "offset": offset, "length": length}
        case("rotary", [numbers(*shape)], settings, lambda x: rotary(x, **settings))

GATES = {
    "bilinear": lambda x: x,
    "glu": torch.sigmoid,
    "reglu": F.relu,
    "geglu": F.gelu,
    "gegluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "swiglu": F.silu,
}
for kind, f in GATES.items():
    inputs = [numbers(3, 7, scale=2), numbers(3, 7)]
    case("gated", inputs, {"kind": kind}, lambda gate, up: f(gate) * up)

out = pathlib.Path(__file__).with_name("attention.json")
out.write_text("[\n" + ",\n".join(json.dumps(c) for c in CASES) + "\n]\n")
