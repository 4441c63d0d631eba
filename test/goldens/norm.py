"""Writes norm.json: what PyTorch makes of the normalisation layers. PyTorch has (B, C, T), we (B, T, C).

Run with a Python that has torch: python3 test/goldens/norm.py
"""

import json
import os

import torch

torch.manual_seed(20150211)


def plain(value):
    """Tensors as {shape, data}, nine digits: enough to name a float32."""
    if isinstance(value, torch.Tensor):
        return {"shape": list(value.shape), "data": plain(value.detach().reshape(-1).tolist())}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float):
        return float("%.9g" % value)
    return value


class RMSNorm(torch.nn.Module):
    """As in the paper; PyTorch has it from 2.4 on."""

    def __init__(self, channels, eps):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(channels))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


def to_theirs(x):
    return x.transpose(1, 2) if x.ndim == 3 else x


def shuffle_affine(layer):
    for p in layer.parameters():
        p.data = 1 + 0.5 * torch.randn(p.shape)


def once(kind, layer, shape, options, channels_first=False):
    """One forward and backward."""
    shuffle_affine(layer)
    turn = to_theirs if channels_first else (lambda v: v)
    x = (2 * torch.randn(shape) + 1).requires_grad_()
    y = turn(layer(turn(x)))
    dy = torch.randn(shape)
    y.backward(dy)
    return {
        "kind": kind,
        "options": options,
        "state": layer.state_dict(),
        "x": x,
        "y": y,
        "dy": dy,
        "dx": x.grad,
        "gradients": {name: p.grad for name, p in layer.named_parameters()},
    }


def stateless():
    nn = torch.nn
    for shape in [(4, 6), (3, 5, 12)]:
        c = shape[-1]
        yield once("LayerNorm", nn.LayerNorm(c), shape, {})
        yield once("LayerNorm", nn.LayerNorm(c, eps=0.1, elementwise_affine=False), shape,
                   {"eps": 0.1, "affine": False})
        yield once("RMSNorm", RMSNorm(c, 1e-5), shape, {})
        yield once("RMSNorm", RMSNorm(c, 0.1), shape, {"eps": 0.1})
        for groups in (1, 3, c if len(shape) == 3 else 2):  # a single value is its own mean
            yield once("GroupNorm", nn.GroupNorm(groups, c), shape, {"groups": groups}, True)
        yield once("GroupNorm", nn.GroupNorm(2, c, eps=0.1, affine=False), shape,
                   {"groups": 2, "eps": 0.1, "affine": False}, True)


def batch_norm(shape, theirs, ours):
    """Four training batches, then one in evaluation, whose gradient is taken too."""
    layer = torch.nn.BatchNorm1d(shape[-1], **theirs)
    shuffle_affine(layer)
    start = {k: v.clone() for k, v in layer.state_dict().items()}
    steps = []
    for step in range(5):
        layer.train(step < 4)
        layer.zero_grad()
        x = (2 * torch.randn(shape) + step).requires_grad_()
        y = to_theirs(layer(to_theirs(x)))
        dy = torch.randn(shape)
        y.backward(dy)
        steps.append({
            "x": x, "y": y, "dy": dy, "dx": x.grad,
            "gradients": {name: p.grad.clone() for name, p in layer.named_parameters()},
            "state": {k: v.clone() for k, v in layer.state_dict().items()},
        })
    return {"options": ours, "start": start, "steps": steps}


def batch():
    for shape in [(7, 6), (3, 5, 9)]:
        yield batch_norm(shape, {}, {})
        yield batch_norm(shape, {"momentum": 0.01, "eps": 0.1}, {"momentum": 0.01, "eps": 0.1})
        yield batch_norm(shape, {"momentum": None}, {"statistics": "cumulative"})
        yield batch_norm(shape, {"affine": False}, {"affine": False})


class Hidden(torch.nn.Module):
    def __init__(self, size, norm, after, residual):
        super().__init__()
        self.linear = torch.nn.Linear(size, 6, bias=False)
        self.norm = norm
        self.after = after
        self.residual = residual

    def forward(self, x):
        y = self.linear(x)
        y = self.norm(torch.tanh(y)) if self.after else torch.tanh(self.norm(y))
        return x + y if self.residual else y


class MLP(torch.nn.Module):
    def __init__(self, make, after, residual):
        super().__init__()
        self.embedding = torch.nn.Embedding(11, 4)
        sizes = [12, 6, 6]
        self.hidden = torch.nn.ModuleList(
            [Hidden(size, make(6), after, residual and i > 0) for i, size in enumerate(sizes)]
        )
        self.output = torch.nn.Linear(6, 11)

    def forward(self, x):
        y = self.embedding(x).flatten(1)
        for layer in self.hidden:
            y = layer(y)
        return self.output(y)


def mlp(norm, make, after, residual, eps=1e-5):
    """Ten training losses in a row, then one in evaluation."""
    model = MLP(make, after, residual)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    inputs, targets = torch.randint(11, (11, 8, 3)), torch.randint(11, (11, 8))
    losses = []
    for x, y in zip(inputs, targets):
        model.train(len(losses) < 10)
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if model.training:
            optimizer.step()
        losses.append(float(loss))
    config = {"blockSize": 3, "nEmbd": 4, "nHidden": 6, "nLayer": 3, "activation": "tanh", "norm": norm,
              "normGroups": 2, "normPosition": "after" if after else "before", "normEps": eps, "residual": residual}
    return {"config": config, "start": start, "inputs": inputs, "targets": targets, "losses": losses}


def models():
    nn = torch.nn
    yield mlp("batch", nn.BatchNorm1d, False, False)
    yield mlp("batch", nn.BatchNorm1d, True, True)
    yield mlp("layer", nn.LayerNorm, False, True)
    # Groups of three values: with a small eps, rounding alone doubles at each step, in PyTorch too.
    yield mlp("group", lambda c: nn.GroupNorm(2, c, eps=0.1), True, False, 0.1)
    yield mlp("rms", lambda c: RMSNorm(c, 1e-5), False, True)


def main():
    golden = {
        "torch": torch.__version__,
        "layers": list(stateless()),
        "batch": list(batch()),
        "models": list(models()),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "norm.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(plain(golden), file, allow_nan=False)
        file.write("\n")


main()
