"""Golden values for GPT: nanoGPT's architecture rebuilt in PyTorch, ten AdamW losses from the same weights and batches.

Writes gpt.json beside itself: python3 test/goldens/gpt.py

As nanoGPT trains: weight decay on matrices only, gradients clipped at a norm of 1, a warm-up of five steps.
Weights and batches come from a hash of their position, which the test repeats, so that the file holds
results only.
"""
import json
import math
import pathlib
import zlib

import numpy
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
STEPS, BATCH, VOCAB = 10, 3, 65


def words(name, count):
    """32-bit words, a function of a name and a position: the finaliser of MurmurHash3."""
    h = numpy.arange(1, count + 1, dtype=numpy.uint32) * numpy.uint32(2654435761)
    h ^= numpy.uint32(zlib.crc32(name.encode()))
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        h ^= h >> numpy.uint32(shift)
        h *= numpy.uint32(factor)
    return h ^ (h >> numpy.uint32(16))


class Norm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads = c["nHead"]
        self.c_attn = nn.Linear(c["nEmbd"], 3 * c["nEmbd"], bias=c["bias"])
        self.c_proj = nn.Linear(c["nEmbd"], c["nEmbd"], bias=c["bias"])

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.heads, C // self.heads).transpose(1, 2)
                   for part in self.c_attn(x).split(C, dim=2))
        scores = q @ k.transpose(-2, -1) / math.sqrt(C // self.heads)
        ahead = torch.ones(T, T, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(ahead, -math.inf).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(B, T, C))


def gelu(x, kind):
    if kind == "exact":
        return F.gelu(x)
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.kind = c["gelu"]
        self.c_fc = nn.Linear(c["nEmbd"], 4 * c["nEmbd"], bias=c["bias"])
        self.c_proj = nn.Linear(4 * c["nEmbd"], c["nEmbd"], bias=c["bias"])

    def forward(self, x):
        return self.c_proj(gelu(self.c_fc(x), self.kind))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln_1 = Norm(c["nEmbd"], c["bias"])
        self.attn = Attention(c)
        self.ln_2 = Norm(c["nEmbd"], c["bias"])
        self.mlp = FeedForward(c)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.wte = nn.Embedding(VOCAB, c["nEmbd"])
        self.wpe = nn.Embedding(c["blockSize"], c["nEmbd"])
        self.h = nn.ModuleList(Block(c) for _ in range(c["nLayer"]))
        self.ln_f = Norm(c["nEmbd"], c["bias"])
        self.lm_head = nn.Linear(c["nEmbd"], VOCAB, bias=False)
        if c["tiedHead"]:
            self.lm_head.weight = self.wte.weight

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def fill(path, parameter):
    scale, shift = (0.4, 1.0) if "ln_" in path and path.endswith("weight") else (0.4, 0.0)
    values = shift + scale * (words(path, parameter.numel()) / 2**32 - 0.5)
    parameter.copy_(torch.from_numpy(values).view_as(parameter))


def run(name, config):
    model = GPT(config)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            fill(path, parameter)
    T = config["blockSize"]
    ids = lambda what: torch.from_numpy(
        (words(what, STEPS * BATCH * T) % VOCAB).astype(numpy.int64)).view(STEPS, BATCH, T)
    inputs, targets = ids("inputs"), ids("targets")
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW([
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ], lr=1e-2, betas=(0.9, 0.95), eps=1e-8)
    losses, gradients, logits = [], {}, []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * min(1, (step + 1) / 5)
        out = model(inputs[step])
        loss = F.cross_entropy(out.view(-1, VOCAB), targets[step].view(-1))
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            logits = out[0, -1].tolist()
            gradients = {path: p.grad.double().square().sum().sqrt().item()
                         for path, p in model.named_parameters()}
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    end = {path: p.detach().double().square().sum().item() for path, p in model.named_parameters()}
    return {"name": name, "vocab": VOCAB, "batch": BATCH, "config": config, "logits": logits,
            "gradients": gradients, "losses": losses, "end": end}


CASES = [
    run("tied, without biases, as nanoGPT", {
        "blockSize": 16, "nLayer": 2, "nHead": 4, "nEmbd": 32, "bias": False, "gelu": "exact", "tiedHead": True}),
    run("with biases and the approximate GELU, as GPT-2", {
        "blockSize": 11, "nLayer": 3, "nHead": 3, "nEmbd": 24, "bias": True, "gelu": "tanh", "tiedHead": True}),
    run("with a head of its own", {
        "blockSize": 7, "nLayer": 1, "nHead": 1, "nEmbd": 12, "bias": True, "gelu": "exact", "tiedHead": False}),
]

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(CASES, indent=1) + "\n")
