"""Golden values for WaveNet: ten losses in a row from the same weights and batches, by PyTorch.

Writes wavenet.json beside itself: python3 test/goldens/wavenet.py

Weights and batches come from a hash of their position, which the test repeats, so that the file holds
results only. Layers are PyTorch's own Conv1d, with kernels of 1 where the model has linear layers.
"""
import json
import pathlib

import numpy
import torch
import torch.nn.functional as F

from words import words

torch.set_num_threads(1)
STEPS, BATCH, VOCAB = 10, 4, 61


class Convolution(torch.nn.Conv1d):
    """Over (B, C, T), padded with zeros on the left."""

    def forward(self, x):
        return super().forward(F.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class WaveNet(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embedding = torch.nn.Embedding(VOCAB, c["nEmbd"])
        self.initial = Convolution(c["nEmbd"], c["nResidual"], c["initialKernel"])
        layers = list(zip(c["kernelSizes"], c["dilations"])) * c["nStack"]
        self.blocks = torch.nn.ModuleList(
            torch.nn.ModuleDict({
                "dilated": Convolution(c["nResidual"], 2 * c["nGate"], kernel, dilation=dilation),
                "residual": Convolution(c["nGate"], c["nResidual"], 1),
                "skip": Convolution(c["nGate"], c["nSkip"], 1),
            })
            for kernel, dilation in layers
        )
        self.hidden = torch.nn.ModuleList(
            Convolution(c["nSkip"], c["nSkip"], 1) for _ in range(c["outputLayers"] - 1)
        )
        self.output = Convolution(c["nSkip"], VOCAB, 1)

    def forward(self, inputs):
        x = self.initial(self.embedding(inputs).transpose(1, 2))  # (B, T) -> (B, C, T)
        skips = []
        for block in self.blocks:
            a, b = block["dilated"](x).chunk(2, dim=1)
            gated = (torch.tanh(a) if self.c["gate"] == "tanh" else a) * torch.sigmoid(b)
            x = x + block["residual"](gated)
            skips.append(block["skip"](gated))
        out = torch.stack(skips).sum(0) if self.c["skips"] == "sum" else torch.stack(skips).mean(0)
        for layer in self.hidden:
            out = layer(F.leaky_relu(out, 0.01))
        return self.output(F.leaky_relu(out, 0.01)).transpose(1, 2)  # (B, V, T) -> (B, T, V)


def run(name, label_smoothing, **config):
    model = WaveNet(config)
    T = config["blockSize"]
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            values = words(path, parameter.numel()).astype(numpy.float64) / 2**32 - 0.5
            spread = 1.0 if path == "embedding.weight" else 0.2
            parameter.copy_(torch.from_numpy(2 * spread * values).view_as(parameter))
    ids = lambda what: torch.from_numpy((words(what, STEPS * BATCH * T) % VOCAB).astype(numpy.int64))
    inputs, targets = ids("inputs").view(STEPS, BATCH, T), ids("targets").view(STEPS, BATCH, T)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    losses = []
    for x, y in zip(inputs, targets):
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), label_smoothing=label_smoothing)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    squares = {path: float(value.double().square().sum()) for path, value in model.named_parameters()}
    return {
        "name": name, "vocab": VOCAB, "batch": BATCH, "config": config, "labelSmoothing": label_smoothing,
        "losses": losses, "end": squares,
    }


def channels(C, **changes):
    base = {
        "blockSize": 16, "nEmbd": C, "nResidual": C, "nGate": C, "nSkip": C, "nBlock": 4, "nStack": 1,
        "kernelSizes": [2, 2, 2, 2], "dilations": [1, 2, 4, 8], "initialKernel": 2, "gate": "linear",
        "skips": "mean", "outputLayers": 1,
    }
    return {**base, **changes}


cases = [
    run("dilated, at 64 channels", 0.05, **channels(64)),
    run("published, at 64 channels", 0.05, **channels(64, kernelSizes=[1, 2, 4, 8], dilations=[2, 2, 2, 2])),
    run("two stacks, tanh, summed skips, two output layers, different channels", 0.0, **channels(
        64, nGate=24, nSkip=40, nEmbd=20, nBlock=3, nStack=2, kernelSizes=[2, 3, 2], dilations=[1, 2, 4],
        initialKernel=3, gate="tanh", skips="sum", outputLayers=2)),
]
pathlib.Path(__file__).with_name("wavenet.json").write_text(json.dumps(cases) + "\n")
