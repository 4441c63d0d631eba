"""What PyTorch computes for each kernel of src/backend, as kernels.json beside this file.

    python3 test/goldens/kernels.py        (PyTorch 1.13 or later)

Inputs are float32 values; PyTorch computes in float64 with them, and results are rounded to float32,
so that a kernel is held to PyTorch's definitions and not to its rounding. Tensors are little-endian
float32 or int32 in base64.
"""

import base64
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20)
OUT = pathlib.Path(__file__).with_name("kernels.json")


def draw(*shape, scale=1.0):
    """Normal values, exact in float32."""
    return (torch.randn(shape) * scale).double()


def pack(tensor):
    if tensor.dtype in (torch.int64, torch.int32):
        values, dtype = tensor.to(torch.int32), "int32"
    else:
        values, dtype = tensor.detach().float(), "float32"
    data = base64.b64encode(values.contiguous().numpy().tobytes()).decode()
    return {"dtype": dtype, "shape": list(values.shape), "data": data}


def packed(**values):
    return {k: pack(v) if isinstance(v, torch.Tensor) else v for k, v in values.items()}


def gradient(function, x, dy=None):
    """y = function(x), a drawn dy, and dx."""
    x = x.clone().requires_grad_()
    y = function(x)
    dy = draw(*y.shape) if dy is None else dy
    (dx,) = torch.autograd.grad(y, x, dy)
    return y, dy, dx


LEAK = 0.01
UNARY = {
    "neg": torch.neg,
    "abs": torch.abs,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leakyRelu": lambda x: F.leaky_relu(x, LEAK),
    "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}


def unary():
    edges = [0.0, -0.0, 1e-30, -1e-30, 1e-4, -1e-4, 20, -20, 80, -80, 1e4, -1e4]
    edges += [float("inf"), float("-inf"), float("nan")]
    x = torch.cat([torch.linspace(-6, 6, 49), torch.tensor(edges)]).double()
    for op, function in UNARY.items():
        y, dy, dx = gradient(function, x)
        yield packed(op=op, parameter=LEAK, x=x, y=y, dy=dy, dx=dx)


def binary():
    pairs = [((7,), (7,)), ((3, 1, 5), (4, 1)), ((2, 3), ()), ((1, 4), (3, 1)), ((2, 1, 3, 1), (2, 1, 4))]
    for op in ("add", "sub", "mul", "div"):
        for shape_a, shape_b in pairs:
            a, b = draw(*shape_a), draw(*shape_b)
            yield packed(op=op, a=a, b=b, out=getattr(torch, op)(a, b))


def reductions():
    # Every dimension set that is a middle of (outer, count, inner).
    for shape, dims in [((7,), (0,)), ((3, 5), (0,)), ((3, 5), (1,)), ((2, 9, 4), (1,)), ((2, 3, 4), (0, 1))]:
        x = draw(*shape)
        tied = torch.randint(-2, 3, shape).double()
        count = torch.Size(shape[dims[0] : dims[-1] + 1]).numel()
        inner = torch.Size(shape[dims[-1] + 1 :]).numel()
        for op, correction, function, values in [
            ("sum", 0, lambda v: v.sum(dims), x),
            ("mean", 0, lambda v: v.mean(dims), x),
            ("max", 0, lambda v: v.amax(dims), tied),
            ("variance", 1, lambda v: v.var(dims, unbiased=True), x),
            ("variance", 0, lambda v: v.var(dims, unbiased=False), x),
        ]:
            y, dy, dx = gradient(function, values)
            yield packed(op=op, correction=correction, count=count, inner=inner, x=values, y=y, dy=dy, dx=dx)


def softmax():
    masked = draw(3, 6)
    masked[:, 2] = float("-inf")
    hopeless = draw(2, 4)
    hopeless[0] = float("-inf")
    hopeless[1, 1] = float("nan")
    for x in (draw(4, 1), draw(3, 37, scale=3), draw(2, 5, scale=200), masked, hopeless):
        for log in (False, True):
            y, dy, dx = gradient(lambda v: (F.log_softmax if log else F.softmax)(v, -1), x)
            yield packed(log=log, x=x, y=y, dy=dy, dx=dx)


def cross_entropy():
    for smoothing in (0.0, 0.1, 1.0):
        for ignore in (-100, 2):
            for rows, cols in ((6, 11), (1, 3), (5, 65)):
                x = draw(rows, cols, scale=2)
                targets = torch.randint(cols, (rows,))
                targets[rows // 2 :: 3] = ignore
                if rows == 1:
                    targets[0] = 0
                keywords = {"label_smoothing": smoothing, "ignore_index": ignore}
                losses = F.cross_entropy(x, targets, reduction="none", **keywords)
                mean, dloss, dx = gradient(lambda v: F.cross_entropy(v, targets, **keywords), x)
                yield packed(
                    smoothing=smoothing, ignoreIndex=ignore, x=x, targets=targets, losses=losses,
                    mean=mean, dloss=dloss, dx=dx,
                )  # fmt: skip


def embedding():
    for vocab, width, count in ((5, 3, 12), (30, 8, 7), (4, 1, 1)):
        ids = torch.randint(vocab, (count,))
        weight = draw(vocab, width)
        out, dy, dweight = gradient(lambda w: F.embedding(ids, w), weight)
        yield packed(weight=weight, ids=ids, out=out, dy=dy, dweight=dweight)


def matmul():
    for trans_a in (False, True):
        for trans_b in (False, True):
            a, b, bias = draw(*((5, 4) if trans_a else (4, 5))), draw(*((6, 5) if trans_b else (5, 6))), draw(6)
            before = draw(4, 6)
            product = (a.T if trans_a else a) @ (b.T if trans_b else b)
            yield packed(
                transA=trans_a, transB=trans_b, a=a, b=b, bias=bias, before=before, alpha=0.5,
                out=0.5 * product + before + bias,
            )  # fmt: skip


def optimizers():
    settings = [
        ("sgd", {"lr": 0.1}),
        ("sgd", {"lr": 0.1, "weight_decay": 0.05}),
        ("sgd", {"lr": 0.1, "momentum": 0.9}),
        ("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
        ("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        ("adamw", {"lr": 1e-2}),
        ("adamw", {"lr": 1e-2, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ]
    for kind, keywords in settings:
        before = draw(3, 7)
        param = torch.nn.Parameter(before.clone())
        optimizer = (torch.optim.SGD if kind == "sgd" else torch.optim.AdamW)([param], **keywords)
        # Rows 0 and 2 have gradients; row 1 never has one, as an unused row of an embedding.
        grads, after = draw(5, 3, 7), []
        grads[:, 1] = 0
        for grad in grads:
            param.grad = grad.clone()
            optimizer.step()
            after.append(param.detach().clone())
        defaults = optimizer.defaults
        names = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "betas", "eps")
        yield packed(
            kind=kind, settings={k: defaults[k] for k in names if k in defaults},
            before=before, grads=grads, after=torch.stack(after),
        )  # fmt: skip


def select():
    for rows, cols, k in ((3, 10, 4), (1, 100, 1), (4, 7, 7)):
        x = draw(rows, cols)
        values, indices = x.topk(k)
        yield packed(kind="topk", x=x, k=k, values=values, indices=indices)
    for low, high, bins in ((-1.0, 1.0, 8), (-3.0, 3.0, 7)):
        x = draw(300)
        x[:3] = torch.tensor([low, high, 0.0])
        yield packed(kind="histogram", x=x, low=low, high=high, bins=bins, counts=torch.histc(x, bins, low, high).int())


def main():
    families = (unary, binary, reductions, softmax, cross_entropy, embedding, matmul, optimizers, select)
    goldens = {"torch": torch.__version__, **{f.__name__: list(f()) for f in families}}
    # NaN is in base64 only, so this is strict JSON. A line to a case, for readable differences.
    lines = [f'"torch": {json.dumps(goldens.pop("torch"))}']
    for family, cases in goldens.items():
        body = ",\n".join(json.dumps(case, allow_nan=False, separators=(",", ":")) for case in cases)
        lines.append(f'"{family}": [\n{body}\n]')
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
