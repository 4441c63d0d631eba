"""Golden values for the models: ten losses in a row from the same weights and batches, by PyTorch.

Writes models.json beside itself: python3 test/goldens/models.py
"""
import base64
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(7)
torch.set_num_threads(1)
STEPS = 10


def encode(tensor):
    kind = "float32" if tensor.is_floating_point() else "int32"
    flat = tensor.detach().to(getattr(torch, kind)).contiguous().numpy()
    return {"shape": list(tensor.shape), "dtype": kind, "data": base64.b64encode(flat.tobytes()).decode()}


class MLP(torch.nn.Module):
    def __init__(self, vocab, c):
        super().__init__()
        self.c = c
        self.embedding = torch.nn.Embedding(vocab, c["nEmbd"])
        size = c["nEmbd"] * (c["blockSize"] if c["combine"] == "flatten" else 1)
        sizes = [size] + [c["nHidden"]] * c["nLayer"]
        self.hidden = torch.nn.ModuleList(
            torch.nn.ModuleDict({"linear": torch.nn.Linear(a, b, bias=c["hiddenBias"])})
            for a, b in zip(sizes, sizes[1:])
        )
        self.output = torch.nn.Linear(c["nHidden"], vocab, bias=c["outputBias"])

    def forward(self, inputs):
        activations = {
            "leakyRelu": lambda x: F.leaky_relu(x, self.c["negativeSlope"]),
            "tanh": torch.tanh,
            "gelu": F.gelu,
            "silu": F.silu,
        }
        x = self.embedding(inputs)  # (B, T) -> (B, T, C)
        x = x.flatten(1) if self.c["combine"] == "flatten" else x.mean(1)
        for layer in self.hidden:
            x = activations[self.c["activation"]](layer["linear"](x))
        return self.output(x)


class Bigram(torch.nn.Module):
    def __init__(self, vocab, c):
        super().__init__()
        self.table = torch.nn.Parameter(0.5 * torch.randn(vocab, vocab))

    def forward(self, inputs):
        return self.table[inputs]  # (B, T) -> (B, T, V)


def run(name, kind, vocab, config, optimizer, batch, label_smoothing=0.0):
    model = {"mlp": MLP, "bigram": Bigram}[kind](vocab, config)
    T = config["blockSize"]
    start = {key: encode(value) for key, value in model.state_dict().items()}
    inputs = torch.randint(0, vocab, (STEPS, batch, T))
    shape = (STEPS, batch) if kind == "mlp" else (STEPS, batch, T)
    targets = torch.randint(0, vocab, shape)
    make = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[optimizer["name"]]
    descent = make(model.parameters(), **optimizer["torch"])
    losses = []
    for x, y in zip(inputs, targets):
        logits = model(x)
        loss = F.cross_entropy(
            logits.reshape(-1, vocab), y.reshape(-1), label_smoothing=label_smoothing
        )
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    return {
        "name": name,
        "model": kind,
        "vocab": vocab,
        "config": config,
        "optimizer": {"name": optimizer["name"], **optimizer["ours"]},
        "labelSmoothing": label_smoothing,
        "start": start,
        "inputs": encode(inputs),
        "targets": encode(targets),
        "losses": losses,
        "end": {key: float(value.double().square().sum()) for key, value in model.state_dict().items()},
    }


def sgd(lr, momentum=0.0):
    return {"name": "sgd", "torch": {"lr": lr, "momentum": momentum}, "ours": {"lr": lr, "momentum": momentum}}


def adamw(lr, decay):
    return {"name": "adamw", "torch": {"lr": lr, "weight_decay": decay}, "ours": {"lr": lr, "weightDecay": decay}}


def mlp(**changes):
    base = {
        "blockSize": 4, "nEmbd": 6, "nHidden": 16, "nLayer": 1, "combine": "flatten",
        "activation": "leakyRelu", "negativeSlope": 0.01, "hiddenBias": False, "outputBias": True,
    }
    return {**base, **changes}


cases = [
    run("mlp as published, SGD", "mlp", 31, mlp(), sgd(0.5), 8),
    run("mlp as published, AdamW", "mlp", 31, mlp(), adamw(0.01, 0.01), 8),
    run("mlp, two layers of tanh with bias, SGD with momentum", "mlp", 27,
        mlp(activation="tanh", nLayer=2, hiddenBias=True), sgd(0.1, 0.9), 8),
    run("mlp, mean of the window, GELU, label smoothing", "mlp", 33,
        mlp(combine="mean", activation="gelu", outputBias=False), adamw(0.01, 0.1), 7, 0.1),
    run("bigram, learned", "bigram", 29, {"blockSize": 5}, adamw(0.05, 0.0), 6),
]
pathlib.Path(__file__).with_name("models.json").write_text(json.dumps(cases) + "\n")
