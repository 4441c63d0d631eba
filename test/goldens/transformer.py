"""Golden values for GPT and Llama: both, and their switches, rebuilt in PyTorch; ten AdamW losses from the same
weights and batches.

Writes transformer.json beside itself: python3 test/goldens/transformer.py

As nanoGPT trains: weight decay on matrices only, gradients clipped at a norm of 1, a warm-up of five steps.
Weights and batches come from a hash of their position, which the test repeats, so that the file holds
results only.
"""
import json
import math
import pathlib

import numpy
import torch
import torch.nn.functional as F
from torch import nn

from words import words

torch.set_num_threads(1)
STEPS, BATCH, VOCAB = 10, 3, 65


class Layer(nn.Module):
    """LayerNorm or RMSNorm, or nothing."""

    def __init__(self, width, c, kind=None):
        super().__init__()
        self.kind = kind or c["norm"]
        self.weight = nn.Parameter(torch.ones(width)) if c["normGain"] and self.kind != "none" else None
        has_bias = self.weight is not None and self.kind == "layer" and c["bias"]
        self.bias = nn.Parameter(torch.zeros(width)) if has_bias else None

    def forward(self, x):
        if self.kind == "none":
            return x
        if self.kind == "layer":
            return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, 1e-5)
        y = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
        return y if self.weight is None else y * self.weight


def frequencies(c, dims):
    """As transformers has them, modeling_rope_utils.py."""
    base, scaling = c["ropeTheta"], c["ropeScaling"] or {"kind": "none"}
    f = 1.0 / base ** (torch.arange(0, dims, 2, dtype=torch.float64) / dims)
    if scaling["kind"] == "linear":
        f = f / scaling["factor"]
    if scaling["kind"] == "dynamic":
        longest, factor = scaling["originalMaxPositions"], scaling["factor"]
        if c["blockSize"] > longest:
            base = base * (factor * c["blockSize"] / longest - (factor - 1)) ** (dims / (dims - 2))
            f = 1.0 / base ** (torch.arange(0, dims, 2, dtype=torch.float64) / dims)
    if scaling["kind"] == "llama3":
        low, high = scaling["lowFreqFactor"], scaling["highFreqFactor"]
        longest, factor = scaling["originalMaxPositions"], scaling["factor"]
        length = 2 * math.pi / f
        smooth = (longest / length - low) / (high - low)
        between = (1 - smooth) * f / factor + smooth * f
        f = torch.where(length > longest / low, f / factor, torch.where(length < longest / high, f, between))
    return f


def turn(x, c):
    """x (B, heads, T, D): pairs half a head apart, or neighbours (as complex numbers); of a part of each head, or all."""
    if c["ropeDims"]:
        turned, still = x.split([c["ropeDims"], x.shape[-1] - c["ropeDims"]], -1)
        return torch.cat((turn(turned, {**c, "ropeDims": 0}), still), -1)
    T, D = x.shape[-2:]
    angles = torch.outer(torch.arange(T, dtype=torch.float64), frequencies(c, D))
    if c["ropeLayout"] == "interleaved":
        z = torch.view_as_complex(x.double().reshape(*x.shape[:-1], D // 2, 2)) * torch.polar(torch.ones_like(angles), angles)
        return torch.view_as_real(z).reshape(x.shape).float()
    both = torch.cat((angles, angles), -1)
    half = torch.cat((-x[..., D // 2:], x[..., :D // 2]), -1)
    return x * both.cos().float() + half * both.sin().float()


class Attention(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        C, self.c = c["nEmbd"], c
        self.H, self.K = c["nHead"], c["nKvHead"] or c["nHead"]
        self.D = c["headDim"] or C // self.H
        self.c_attn = nn.Linear(C, (self.H + 2 * self.K) * self.D, bias=c["bias"] or c["qkvBias"])
        self.q_norm = Layer(self.D, c, "rms") if c["qkNorm"] else None
        self.k_norm = Layer(self.D, c, "rms") if c["qkNorm"] else None
        extra = c["valueEmbeddings"] and layer % 2 == 1
        self.value_embedding = nn.Embedding(VOCAB, self.K * self.D) if extra else None
        self.value_gate = nn.Linear(min(32, C), self.K, bias=False) if extra else None
        self.c_proj = nn.Linear(self.H * self.D, C, bias=c["bias"])
        self.rotary = c["position"] == "rotary" and layer not in c["noRopeLayers"]

    def forward(self, x, ids):
        B, T, C = x.shape
        H, K, D = self.H, self.K, self.D
        q, k, v = self.c_attn(x).split([H * D, K * D, K * D], dim=2)
        q, k, v = q.view(B, T, H, D), k.view(B, T, K, D), v.view(B, T, K, D)
        if self.q_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        if self.value_embedding:
            gate = 2 * torch.sigmoid(self.value_gate(x[..., :32]))
            v = v + gate[..., None] * self.value_embedding(ids).view(B, T, K, D)
        q, k, v = (part.transpose(1, 2) for part in (q, k, v))
        if self.rotary:
            q, k = turn(q, self.c), turn(k, self.c)
        k, v = (part.repeat_interleave(H // K, dim=1) for part in (k, v))
        scores = q @ k.transpose(-2, -1) / math.sqrt(D)
        back = torch.arange(T)[:, None] - torch.arange(T)[None, :]
        hidden = (back < 0) | (back >= (self.c["window"] or T))
        weights = scores.masked_fill(hidden, -math.inf).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(B, T, H * D))


ACTIVATIONS = {
    "gelu": F.gelu,
    "geluTanh": lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "reluSquared": lambda x: F.relu(x).square(),
    "relu": F.relu,
    "swiglu": F.silu, "glu": torch.sigmoid, "reglu": F.relu, "geglu": F.gelu, "bilinear": lambda x: x,
}


class FeedForward(nn.Module):
    def __init__(self, c):
        super().__init__()
        C, self.act = c["nEmbd"], ACTIVATIONS[c["activation"]]
        self.gated = c["activation"] in ("swiglu", "glu", "reglu", "geglu", "bilinear")
        self.hidden = c["nHidden"] or 4 * C
        self.c_fc = nn.Linear(C, self.hidden * (2 if self.gated else 1), bias=c["bias"])
        self.c_proj = nn.Linear(self.hidden, C, bias=c["bias"])

    def forward(self, x):
        h = self.c_fc(x)
        if self.gated:
            return self.c_proj(self.act(h[..., :self.hidden]) * h[..., self.hidden:])
        return self.c_proj(self.act(h))


class Block(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        self.c = c
        if c["residualScalars"]:
            self.residual_scale = nn.Parameter(torch.ones(1))
            self.input_scale = nn.Parameter(torch.zeros(1))
        self.ln_1 = Layer(c["nEmbd"], c)
        self.attn = Attention(c, layer)
        self.ln_2 = Layer(c["nEmbd"], c)
        self.mlp = FeedForward(c)

    def forward(self, x, x0, ids):
        if self.c["residualScalars"]:
            x = self.residual_scale * x + self.input_scale * x0
        if self.c["parallel"]:
            return x + self.attn(self.ln_1(x), ids) + self.mlp(self.ln_2(x))
        if self.c["normPlace"] == "after":
            x = self.ln_1(x + self.attn(x, ids))
            return self.ln_2(x + self.mlp(x))
        x = x + self.attn(self.ln_1(x), ids)
        return x + self.mlp(self.ln_2(x))


def sinusoids(T, C):
    angles = torch.arange(T, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(0, C, 2, dtype=torch.float64) / C)
    table = torch.empty(T, C, dtype=torch.float64)
    table[:, 0::2], table[:, 1::2] = angles.sin(), angles.cos()
    return table.float()


class Transformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        C, self.c = c["nEmbd"], c
        self.wte = nn.Embedding(VOCAB, C)
        self.wpe = nn.Embedding(c["blockSize"], C) if c["position"] == "learned" else None
        self.h = nn.ModuleList(Block(c, layer) for layer in range(c["nLayer"]))
        self.ln_f = Layer(C, c, "none" if c["normPlace"] == "after" else None)
        self.lm_head = nn.Linear(C, VOCAB, bias=False)
        if c["tiedHead"]:
            self.lm_head.weight = self.wte.weight

    def forward(self, ids):
        T, c = ids.shape[1], self.c
        x = self.wte(ids)
        if self.wpe:
            x = x + self.wpe(torch.arange(T))
        if c["position"] == "sinusoidal":
            x = x * math.sqrt(c["nEmbd"]) + sinusoids(T, c["nEmbd"])
        x0 = x
        for block in self.h:
            x = block(x, x0, ids)
        logits = self.lm_head(self.ln_f(x))
        cap = c["logitSoftcap"]
        return cap * torch.tanh(logits / cap) if cap else logits


def fill(path, parameter):
    scale, shift = (0.4, 1.0) if "_norm" in path or "ln_" in path and path.endswith("weight") else (0.4, 0.0)
    values = shift + scale * (words(path, parameter.numel()) / 2**32 - 0.5)
    parameter.copy_(torch.from_numpy(values).view_as(parameter))


COMMON = {
    "nKvHead": 0, "headDim": 0, "nHidden": 0, "qkvBias": False, "normGain": True, "normPlace": "before",
    "qkNorm": False, "ropeTheta": 10000, "ropeLayout": "half", "ropeDims": 0, "ropeScaling": None, "noRopeLayers": [], "window": 0,
    "parallel": False, "logitSoftcap": 0, "residualScalars": False, "valueEmbeddings": False,
}
GPT = {**COMMON, "bias": False, "norm": "layer", "position": "learned", "activation": "gelu", "tiedHead": True}
LLAMA = {**COMMON, "bias": False, "norm": "rms", "position": "rotary", "activation": "swiglu", "tiedHead": False}


def run(name, kind, own):
    config = {**(GPT if kind == "gpt" else LLAMA), **own}
    model = Transformer(config)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if not path.endswith("_scale"):  # those two keep what they begin with
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
    return {"name": name, "vocab": VOCAB, "batch": BATCH, "kind": kind, "config": own, "logits": logits,
            "gradients": gradients, "losses": losses, "end": end}


SMALL = {"blockSize": 13, "nLayer": 2, "nHead": 4, "nEmbd": 32}
CASES = [
    run("GPT, tied, without biases, as nanoGPT", "gpt", {"blockSize": 16, "nLayer": 2, "nHead": 4, "nEmbd": 32}),
    run("GPT with biases and the approximate GELU, as GPT-2", "gpt", {
        "blockSize": 11, "nLayer": 3, "nHead": 3, "nEmbd": 24, "bias": True, "activation": "geluTanh"}),
    run("GPT with a head of its own", "gpt", {
        "blockSize": 7, "nLayer": 1, "nHead": 1, "nEmbd": 12, "bias": True, "tiedHead": False}),
    run("GPT normalised after the sum, with sinusoids", "gpt", {
        **SMALL, "normPlace": "after", "position": "sinusoidal", "activation": "relu", "bias": True}),
    run("GPT with parallel blocks, no positions, no norms", "gpt", {
        **SMALL, "parallel": True, "position": "none", "norm": "none"}),
    run("Llama 2", "llama", {**SMALL, "nHidden": 56}),
    run("Llama with shared keys and values, neighbouring pairs, tied", "llama", {
        **SMALL, "nHidden": 40, "nKvHead": 2, "ropeLayout": "interleaved", "tiedHead": True}),
    run("Llama 3.1's scaling", "llama", {**SMALL, "nHidden": 40, "nKvHead": 1, "ropeTheta": 500, "ropeScaling": {
        "kind": "llama3", "factor": 8, "lowFreqFactor": 1, "highFreqFactor": 4, "originalMaxPositions": 12}}),
    run("Llama with linear scaling and a gated GELU", "llama", {
        **SMALL, "nHidden": 40, "activation": "geglu", "ropeScaling": {"kind": "linear", "factor": 2}}),
    run("Llama with dynamic scaling and a bilinear gate", "llama", {
        **SMALL, "nHidden": 40, "activation": "bilinear",
        "ropeScaling": {"kind": "dynamic", "factor": 2, "originalMaxPositions": 8}}),
    run("Qwen 2", "llama", {**SMALL, "nHidden": 40, "nKvHead": 2, "qkvBias": True, "activation": "swiglu"}),
    run("Qwen 3", "llama", {**SMALL, "nHidden": 40, "nKvHead": 2, "headDim": 12, "qkNorm": True}),
    run("Mistral's windows", "llama", {**SMALL, "nHidden": 40, "window": 5, "activation": "reglu"}),
    run("SmolLM 3: a layer without rotary", "llama", {
        **SMALL, "nHidden": 40, "nLayer": 4, "noRopeLayers": [3], "activation": "glu"}),
    run("GPT-NeoX: a part of each head turned, parallel blocks", "gpt", {
        **SMALL, "bias": True, "position": "rotary", "ropeDims": 2, "parallel": True, "tiedHead": False}),
    run("neighbours in a part of each head", "llama", {**SMALL, "nHidden": 40, "ropeDims": 6, "ropeLayout": "interleaved"}),
    run("the newer tricks together", "gpt", {
        **SMALL, "norm": "rms", "normGain": False, "position": "rotary", "qkNorm": True, "activation": "reluSquared",
        "tiedHead": False, "logitSoftcap": 3, "residualScalars": True, "valueEmbeddings": True, "nKvHead": 2}),
]

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(CASES, indent=1) + "\n")
