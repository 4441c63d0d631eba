"""Golden values for the hierarchical MLP: ten losses in a row from the same weights and batches, by PyTorch.

Writes hierarchical.json beside itself: python3 test/goldens/hierarchical.py

Weights and batches come from a hash of their position, which the test repeats, so that the file holds
results only. BatchNorm over batch and time is PyTorch's own, on a permuted tensor.
"""
import json
import pathlib

import numpy
import torch
import torch.nn.functional as F

from words import words

torch.set_num_threads(1)
STEPS, BATCH, VOCAB = 10, 16, 27


class Level(torch.nn.Module):
    def __init__(self, channels, c):
        super().__init__()
        self.fuse = c["fuse"]
        self.linear = torch.nn.Linear(c["fuse"] * channels, c["nHidden"], bias=False)
        self.norm = torch.nn.BatchNorm1d(c["nHidden"])

    def forward(self, x):
        B, T, C = x.shape
        x = self.linear(x.reshape(B, T // self.fuse, C * self.fuse))
        return torch.tanh(self.norm(x.permute(0, 2, 1)).permute(0, 2, 1))


class Hierarchical(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCAB, c["nEmbd"])
        levels, left = [], c["blockSize"]
        while left > 1:
            levels.append(Level(c["nHidden"] if levels else c["nEmbd"], c))
            left //= c["fuse"]
        self.levels = torch.nn.ModuleList(levels)
        self.output = torch.nn.Linear(c["nHidden"], VOCAB)

    def forward(self, inputs):
        x = self.embedding(inputs)
        for level in self.levels:
            x = level(x)
        return self.output(x.squeeze(1))


def spread(name):
    return 1.0 if name == "embedding.weight" else 0.4


def run(name, config):
    model = Hierarchical(config)
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if path.endswith("norm.weight"):
                continue  # stays 1
            values = 2 * spread(path) * (words(path, parameter.numel()) / 2**32 - 0.5)
            parameter.copy_(torch.from_numpy(values).view_as(parameter))

    T = config["blockSize"]
    ids = lambda what, *shape: torch.from_numpy(
        (words(what, int(numpy.prod(shape))) % VOCAB).astype(numpy.int64)).view(*shape)
    inputs, targets = ids("inputs", STEPS, BATCH, T), ids("targets", STEPS, BATCH)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for step in range(STEPS):
        loss = F.cross_entropy(model(inputs[step]), targets[step])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        evaluated = F.cross_entropy(model(inputs[0]), targets[0]).item()
    state = model.state_dict()
    end = {path: value.double().square().sum().item() for path, value in state.items()
           if not path.endswith("num_batches_tracked")}
    return {"name": name, "vocab": VOCAB, "batch": BATCH, "config": config, "losses": losses,
            "evaluated": evaluated, "end": end}


CASES = [
    run("eight positions in pairs", {"blockSize": 8, "nEmbd": 5, "nHidden": 12, "fuse": 2}),
    run("nine positions in threes", {"blockSize": 9, "nEmbd": 4, "nHidden": 7, "fuse": 3}),
]

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(CASES, indent=1) + "\n")
