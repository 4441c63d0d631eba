"""nanoGPT's architecture in PyTorch, without flash attention, as its users run it on a CPU: the peer of bench/gpt.ts."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from serve import first_then_all, floats, serve


class LayerNorm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head = c["nHead"]
        self.c_attn = nn.Linear(c["nEmbd"], 3 * c["nEmbd"], bias=c["bias"])
        self.c_proj = nn.Linear(c["nEmbd"], c["nEmbd"], bias=c["bias"])
        mask = torch.ones(c["blockSize"], c["blockSize"]).tril()
        self.register_buffer("mask", mask.view(1, 1, c["blockSize"], c["blockSize"]))

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
                   for part in self.c_attn(x).split(C, dim=2))  # (B, H, T, D)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.mask[:, :, :T, :T] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        C, bias = c["nEmbd"], c["bias"]
        self.ln_1 = LayerNorm(C, bias)
        self.attn = Attention(c)
        self.ln_2 = LayerNorm(C, bias)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(C, 4 * C, bias=bias), "c_proj": nn.Linear(4 * C, C, bias=bias)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.block_size = c["blockSize"]
        self.wte = nn.Embedding(c["vocab"], c["nEmbd"])
        self.wpe = nn.Embedding(c["blockSize"], c["nEmbd"])
        self.h = nn.ModuleList(Block(c) for _ in range(c["nLayer"]))
        self.ln_f = LayerNorm(c["nEmbd"], c["bias"])
        self.lm_head = nn.Linear(c["nEmbd"], c["vocab"], bias=False)
        self.lm_head.weight = self.wte.weight

    def hidden(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)

    def forward(self, ids):
        return self.lm_head(self.hidden(ids))

    @torch.no_grad()
    def generate(self, ids, count):
        """As nanoGPT: the window anew for each token, logits of its last position alone."""
        for _ in range(count):
            logits = self.lm_head(self.hidden(ids[:, -self.block_size:])[:, [-1], :])[:, -1, :]
            ids = torch.cat((ids, torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)), dim=1)
        return ids


def make(c):
    model = GPT(c)
    pool = floats(f"{c['folder']}/pool.f32")
    with torch.no_grad():
        for i, (name, parameter) in enumerate(model.named_parameters()):
            if parameter.ndim == 2:
                values = first_then_all(pool, 7919 * i % len(pool), parameter.numel())
                parameter.copy_(torch.from_numpy(values.copy()).view_as(parameter)).mul_(0.04)
            elif name.endswith("bias"):
                parameter.zero_()
    return model, torch.optim.AdamW(model.parameters(), lr=c["lr"], weight_decay=0.1)


serve(make)
