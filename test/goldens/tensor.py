"""Expressions of several operations, computed by PyTorch in double precision.

    python3 test/goldens/tensor.py    writes tensor.json beside itself

cases.py says what a case is. tensor-goldens.test.ts builds the same expressions.
"""
import pathlib

import torch
import torch.nn.functional as F

import cases
from cases import numbers

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)

CASES = {}


def case(name, inputs, run, ints=()):
    CASES[name] = cases.case(inputs, run, ints)


def softmax_attention(q, k, v):
    scores = (q @ k.transpose(-2, -1)) / 3**0.5  # (B, T, T)
    mask = torch.triu(torch.full((4, 4), -1e9), 1)
    return torch.softmax(scores + mask, -1) @ v


def layer_norm(x, g, b):
    mean = x.mean(-1, keepdim=True)
    var = x.var(-1, keepdim=True, unbiased=False)
    return (x - mean) / torch.sqrt(var + 1e-5) * g + b


def batch_norm(x):
    return (x - x.mean((0, 1), keepdim=True)) / torch.sqrt(x.var((0, 1), keepdim=True) + 1e-3)


def mlp(emb, w1, w2, b2, ids, targets):
    h = F.embedding(ids, emb).flatten(1)  # (B, T, C) -> (B, T·C)
    h = F.leaky_relu(F.linear(h, w1))
    return F.cross_entropy(F.linear(h, w2, b2), targets)


def tied(emb, ids, targets):
    x = F.embedding(ids, emb)  # (B, T, C)
    x = F.gelu(x) + F.silu(x) * torch.sigmoid(x)
    return F.cross_entropy(F.linear(x, emb).flatten(0, 1), targets.flatten(), label_smoothing=0.1, ignore_index=2)


def wavenet_pair(x, w):
    pairs = x.reshape(2, 2, 2 * 3)  # two neighbours side by side
    a, b = F.linear(pairs, w).chunk(2, -1)
    return torch.tanh(a) * torch.sigmoid(b)


def micrograd(a, b):
    """The expression of micrograd's README, on small tensors."""
    c = a + b
    d = a * b + b * b * b
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + F.relu(b + a)
    d = d + 3 * d + F.relu(b - a)
    e = c - d
    f = e * e
    g = f / 2.0
    return g + 10.0 / (f + 1.0)


case("micrograd", [numbers(3), numbers(3)], micrograd)
case("attention", [numbers(2, 4, 3), numbers(2, 4, 3), numbers(2, 4, 3)], softmax_attention)
case("layerNorm", [numbers(2, 3, 5), numbers(5), numbers(5)], layer_norm)
case("batchNorm", [numbers(3, 2, 4)], batch_norm)
case(
    "mlp",
    [numbers(7, 3), numbers(5, 6), numbers(7, 5), numbers(7)],
    mlp,
    [torch.tensor([[0, 3], [3, 3], [6, 1], [2, 0]]), torch.tensor([1, 6, 0, 3])],
)
case("tied", [numbers(6, 4)], tied, [torch.tensor([[5, 1, 1], [0, 5, 2]]), torch.tensor([[2, 1, 0], [5, 5, 2]])])
case("wavenetPair", [numbers(2, 4, 3), numbers(8, 6)], wavenet_pair)
case("logSoftmaxOverTime", [numbers(2, 5, 3)], lambda x: F.log_softmax(x, 1).exp() * x)
case("amaxWithTies", [torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, -1.0]])], lambda x: x.amax(1) * x.amax((0, 1)))
case("geluTanh", [numbers(9)], lambda x: F.gelu(x, approximate="tanh").abs().sqrt())
case("permuteConcat", [numbers(2, 3, 4), numbers(4, 2, 2)], lambda x, y: torch.cat([x.permute(2, 0, 1), y], 2).square()[1:3])

cases.write(pathlib.Path(__file__).with_suffix(".json"), CASES)
