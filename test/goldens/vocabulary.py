"""The operations under PyTorch's names, computed by PyTorch in double precision.

    python3 test/goldens/vocabulary.py    writes vocabulary.json beside itself

cases.py says what a case is. vocabulary-goldens.test.ts calls ours.
"""
import pathlib

import torch
import torch.nn.functional as F

import cases
from cases import numbers

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)

CASES = {}
NAN, INF = float("nan"), float("inf")

# Kinks, zeros of both signs, the edges of functions' domains, and beyond.
SPECIAL = torch.tensor([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 30.0, -30.0])
A = numbers(2, 3)
POSITIVE = numbers(2, 3).abs() + 0.25
TIES = torch.tensor([[1.0, 3.0, 3.0, -2.0], [2.0, 2.0, -1.0, 2.0]])
WITH_NAN = torch.tensor([[1.0, NAN, 3.0], [INF, 2.0, -INF]])
IDS = torch.tensor([[0, 3, 3], [5, 1, 2]])


def case(name, inputs, run, ints=()):
    CASES[name] = cases.case(inputs, run, ints)


def plain(name, inputs, run, ints=()):
    """Of results that have no gradient."""
    CASES[name] = cases.case(inputs, run, ints, grad=False)


# ── Functions of one tensor ──

UNARY = {
    "sin": torch.sin, "cos": torch.cos, "erf": torch.erf, "log1p": torch.log1p, "expm1": torch.expm1,
    "rsqrt": torch.rsqrt, "reciprocal": torch.reciprocal, "sign": torch.sign, "floor": torch.floor,
    "ceil": torch.ceil, "round": torch.round, "softplus": F.softplus,
    "clamp": lambda x: x.clamp(-0.5, 1.5), "clampMin": lambda x: x.clamp(min=0.5),
    "clampMax": lambda x: torch.clamp(x, max=-0.5), "powHalf": lambda x: x.pow(0.5),
    "powCube": lambda x: x.pow(3), "powZero": lambda x: x.pow(0), "powMinusTwo": lambda x: x**-2,
    "powOfTwo": lambda x: 2**x, "subFrom": lambda x: 1 - x, "divFrom": lambda x: 3 / x,
}
for name, f in UNARY.items():
    case(name, [SPECIAL], f)
case("softplusBeta", [A], lambda x: F.softplus(x, beta=3))

# ── Arithmetic of two ──

case("pow", [POSITIVE, numbers(3)], torch.pow)
case("powOfZero", [torch.tensor([0.0, 0.0, 0.0, 2.0, -1.0]), torch.tensor([0.0, 2.0, 1.0, 0.0, 2.0])], torch.pow)
case("maximum", [TIES, torch.tensor([2.0, 3.0, 0.0, -2.0])], torch.maximum)
case("minimum", [TIES, torch.tensor([2.0, 3.0, 0.0, -2.0])], torch.minimum)
case("maximumOfNaN", [torch.tensor([NAN, 1.0, NAN]), torch.tensor([1.0, NAN, NAN])], torch.maximum)
case("remainder", [numbers(5) * 3, torch.tensor([2.0, -2.0, 0.75, -0.5, 1.0])], torch.remainder)
plain("floorDivide", [numbers(5) * 3, torch.tensor([2.0, -2.0, 0.75, -0.5, 1.0])], torch.floor_divide)
INTS = torch.tensor([7, -7, 7, -7, 0])
BY = torch.tensor([3, 3, -3, -3, 5])
plain("intFloorDivide", [], lambda a, b: a // b, [INTS, BY])
plain("intRemainder", [], lambda a, b: a % b, [INTS, BY])
plain("intArithmetic", [], lambda a, b: a * 3 - b + a * b, [INTS, BY])
plain("intDivision", [], lambda a, b: a / b, [INTS, BY])
plain("intPlusFraction", [], lambda a: a + 0.5, [INTS])
case("intTimesFloat", [numbers(5)], lambda x, a: a * x, [INTS])
plain("intMaximum", [], torch.maximum, [INTS, BY])

# ── Comparisons and logic ──

for op in ["eq", "ne", "lt", "le", "gt", "ge"]:
    plain(op, [WITH_NAN, torch.tensor([1.0, NAN, -INF])], getattr(torch, op))
    plain(f"{op}Number", [TIES], lambda x, op=op: getattr(x, op)(2))
    plain(f"{op}Int", [], lambda a, b, op=op: getattr(a, op)(b), [INTS, BY])
for name in ["isnan", "isfinite", "isinf", "any", "all"]:
    plain(name, [WITH_NAN], getattr(torch, name))
plain("anyOfDim", [torch.tensor([[0.0, 0.0], [0.0, NAN]])], lambda x: x.any(1))
plain("allKeepdim", [torch.tensor([[1.0, 0.0], [2.0, NAN]])], lambda x: x.all(1, keepdim=True))
for name in ["and", "or", "xor"]:
    plain(f"logical{name.title()}", [WITH_NAN, torch.tensor([0.0, 1.0, 0.0])], getattr(torch, f"logical_{name}"))
plain("logicalNot", [WITH_NAN], torch.logical_not)
plain("maskSum", [TIES], lambda x: (x > 1).sum(1))
plain("maskMean", [TIES], lambda x: (x > 1).double().mean())
case("where", [numbers(2, 1), numbers(3)], lambda a, b: torch.where(torch.tensor([[True], [False]]), a, b))
case("whereNumber", [TIES], lambda x: torch.where(x > 1, x, -1.0))
case("maskedFill", [A], lambda x: x.masked_fill(torch.tensor([True, False, True]), -INF).softmax(-1))
plain("to", [torch.tensor([1.75, -1.75, 0.0, 3.0])], lambda x: x.long())
plain("toBool", [WITH_NAN], lambda x: x.bool())

# ── Reductions and scans ──

X3 = numbers(2, 3, 4)
case("std", [X3], lambda x: x.std((0, 2)))
case("stdOfEquals", [torch.ones(3)], torch.std)
case("stdOfOne", [torch.ones(1, 2)], lambda x: x.std(0))
case("stdBiased", [X3], lambda x: x.std(1, unbiased=False, keepdim=True))
case("norm", [X3], lambda x: x.norm())
case("normDim", [X3], lambda x: torch.linalg.vector_norm(x, 2, (0, 1)))
case("normOfZeros", [torch.zeros(3)], torch.norm)
case("norm1", [X3], lambda x: x.norm(1, 1))
case("norm3", [X3], lambda x: x.norm(3, 1, keepdim=True))
case("normHalf", [torch.tensor([1.0, 0.0, -2.0])], lambda x: x.norm(0.5))
case("normInf", [TIES], lambda x: x.norm(INF, 1))
plain("norm0", [torch.tensor([[1.0, 0.0, -2.0]])], lambda x: x.norm(0, 1))
case("logsumexp", [X3], lambda x: x.logsumexp((0, 2)))
case("logsumexpEdges", [torch.tensor([[-INF, 1.0], [INF, 1.0], [100.0, 99.0]])], lambda x: x.logsumexp(1))
case("prod", [X3], lambda x: x.prod(1))
case("prodAll", [A], torch.prod)
case("prodZeros", [torch.tensor([[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [2.0, -1.0, 3.0]])], lambda x: x.prod(1))
case("cumsum", [X3], lambda x: x.cumsum(1))
case("cumsumLast", [X3], lambda x: x.cumsum(-1))
plain("intSum", [], lambda a: a.sum(0), [IDS])
plain("intAmax", [], lambda a: a.amax(1), [IDS])
plain("intMin", [], torch.min, [INTS])

# ── Order ──

case("max", [TIES], torch.max)
case("min", [TIES], torch.min)
case("maxDim", [TIES], lambda x: x.max(1)[0])
plain("maxDimIndices", [TIES], lambda x: x.max(1)[1])
case("minDim", [TIES], lambda x: x.min(0, keepdim=True)[0])
plain("minDimNaN", [WITH_NAN], lambda x: x.min(1)[1])
plain("argmax", [TIES], torch.argmax)
plain("argmaxDim", [WITH_NAN], lambda x: x.argmax(1))
plain("argmin", [TIES], lambda x: x.argmin(0, keepdim=True))
DIFFERENT = torch.randperm(24).double().reshape(2, 3, 4) / 4
case("sort", [DIFFERENT], lambda x: x.sort(1)[0])
plain("sortIndices", [TIES], lambda x: torch.sort(x, dim=1, stable=True)[1])
plain("sortDescendingIndices", [TIES], lambda x: torch.sort(x, dim=1, descending=True, stable=True)[1])
plain("sortNaN", [torch.tensor([2.0, NAN, -INF, INF])], lambda x: x.sort()[0])
case("topk", [DIFFERENT], lambda x: x.topk(2, 1)[0])
case("topkLeast", [DIFFERENT], lambda x: x.topk(3, largest=False)[0])
case("amin", [TIES], lambda x: x.amin(1))

# ── Choosing by index ──

case("gather", [numbers(2, 6)], lambda x, i: x.gather(1, i), [IDS])
case("gatherFirst", [numbers(6, 4)], lambda x, i: x.gather(0, i), [IDS])
case("indexSelect", [numbers(2, 4, 3)], lambda x, i: x.index_select(1, i), [torch.tensor([3, 0, 3])])
plain("oneHot", [], lambda i: F.one_hot(i), [IDS])
plain("oneHotClasses", [], lambda i: F.one_hot(i, 8), [IDS])
plain("nonzero", [WITH_NAN - 1], torch.nonzero)
case("maskedSelect", [X3], lambda x: x.masked_select(torch.tensor([[True], [False], [True]])))

X = numbers(3, 4, 5)
ROWS, COLS = torch.tensor([0, 2, -1]), torch.tensor([[1], [-4]])
case("atEntry", [X], lambda x: x[-1, 2])
case("atRange", [X], lambda x: x[1:, -3:-1, ::2])
case("atEllipsis", [X], lambda x: x[..., 1])
case("atNewDimension", [X], lambda x: x[:, None, 0])
case("atRows", [X], lambda x: x[0:2])
case("atIds", [X], lambda x: x[[2, 0, 2]])
case("atIdsWithin", [X], lambda x, i: x[:, i], [torch.tensor([[0, 3], [1, 1]])])
case("atPairs", [X], lambda x, i, j: x[i, j], [ROWS, COLS])
case("atPairsInside", [X], lambda x, i, j: x[:, i, j], [ROWS, COLS])
case("atPairsApart", [X], lambda x, i, j: x[i, :, j], [ROWS, COLS])
case("atMask", [X], lambda x: x[x > 0])
case("atRowMask", [X], lambda x: x[torch.tensor([True, False, True])])
case("atMaskWithin", [X], lambda x: x[:, torch.tensor([True, False, True, True]), 1])
case("atMaskOfTwo", [X], lambda x: x[torch.arange(12).reshape(3, 4) % 5 == 0])
case("atEntryAndIds", [X], lambda x, i: x[1, :, i], [ROWS])
case("atNothing", [X], lambda x: x[1:1])


def set_at(x, value, *index):
    y = x.clone()
    y[index] = value
    return y


plain("setMask", [X], lambda x: set_at(x, 0.0, x > 0))
plain("setColumn", [X, numbers(5)], lambda x, v: set_at(x, v, slice(None), 1))
plain("setPairs", [X], lambda x, i, j: set_at(x, 7.0, i, slice(None), j), [ROWS, COLS])

# ── Shapes ──

case("view", [X3], lambda x: x.view(-1, 4))
case("unsqueeze", [A], lambda x: x.unsqueeze(-1) * x.unsqueeze(0).unsqueeze(0)[..., 0])
case("squeeze", [numbers(1, 3, 1, 2)], lambda x: x.squeeze())
case("squeezeDim", [numbers(1, 3, 1, 2)], lambda x: x.squeeze(2).squeeze(1))
case("stack", [A, numbers(2, 3)], lambda a, b: torch.stack([a, b], 1))
case("split", [numbers(7, 2)], lambda x: torch.cat(x.split(3)[::-1]))
case("splitSizes", [numbers(2, 7)], lambda x: x.split([1, 4, 2], 1)[1])
case("chunk", [numbers(7, 2)], lambda x: torch.cat(x.chunk(4)[::-1]))
case("unbind", [X3], lambda x: x.unbind(1)[2])
case("repeat", [A], lambda x: x.repeat(2, 1, 3))
case("flip", [X3], lambda x: x.flip(0, 2))
case("roll", [X3], lambda x: x.roll((1, -2), (0, 2)))
case("rollFlat", [A], lambda x: x.roll(2))
case("tril", [numbers(2, 3, 4)], lambda x: x.tril(-1))
case("triu", [numbers(4, 3)], lambda x: x.triu(1))
case("diag", [numbers(3)], lambda x: x.diag(1))
case("diagOf", [numbers(3, 4)], lambda x: x.diag(-1))
case("expandAs", [numbers(2, 1)], lambda x: x.expand_as(A))
case("expandMinusOne", [numbers(2, 1)], lambda x: x.expand(3, -1, 4))
case("select", [X3], lambda x: x.select(1, -1))
case("t", [A], lambda x: x.t())

# ── Products ──

case("matmulVector", [numbers(3), numbers(3)], torch.matmul)
case("matmulRow", [numbers(3), numbers(2, 3, 4)], torch.matmul)
case("matmulColumn", [numbers(2, 4, 3), numbers(3)], torch.matmul)
case("matmulBroadcast", [numbers(2, 1, 2, 3), numbers(3, 3, 2)], torch.matmul)
for name, equation, shapes in [
    ("Matmul", "ij,jk->ik", [(2, 3), (3, 4)]),
    ("Implicit", "ba,cb", [(2, 3), (4, 2)]),
    ("Batch", "bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 2, 4)]),
    ("Outer", "i,j->ij", [(2,), (3,)]),
    ("Sum", "ij->", [(2, 3)]),
    ("Permute", "ijk->kij", [(2, 3, 4)]),
    ("Trace", "ii", [(3, 3)]),
    ("Diagonal", "bii->bi", [(2, 3, 3)]),
    ("Three", "ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ("Bilinear", "bn,anm,bm->ba", [(2, 3), (4, 3, 5), (2, 5)]),
    ("Ellipsis", "...ij,...jk->...ik", [(2, 1, 2, 3), (3, 3, 2)]),
    ("Hadamard", "ij,ij->i", [(2, 3), (2, 3)]),
    ("OneSided", "ij,k->i", [(2, 3), (4,)]),
]:
    case(f"einsum{name}", [numbers(*s) for s in shapes], lambda *x, e=equation: torch.einsum(e, *x))

# ── Losses ──

LOGITS = numbers(2, 3, 5)
TARGETS = torch.tensor([[1, 4, -100], [0, 1, 1]])
for reduction in ["mean", "sum", "none"]:
    case(
        f"nllLoss{reduction.title()}",
        [LOGITS],
        lambda x, t, r=reduction: F.nll_loss(x.log_softmax(-1).transpose(1, 2), t, reduction=r),
        [TARGETS],
    )
    case(f"mseLoss{reduction.title()}", [A, numbers(2, 3)], lambda x, y, r=reduction: F.mse_loss(x, y, reduction=r))

# ── Creation ──

plain("arange", [], lambda: torch.arange(5))
plain("arangeStep", [], lambda: torch.arange(7, -2, -3))
plain("arangeFraction", [], lambda: torch.arange(1, 2.3, 0.25))
plain("linspace", [], lambda: torch.linspace(-1, 2, 7))
plain("eye", [], lambda: torch.eye(2, 3))

cases.write(pathlib.Path(__file__).with_suffix(".json"), CASES)
