"""WaveNet in PyTorch, as its users write it: the peer of bench/wavenet.ts."""
import torch
import torch.nn.functional as F

from serve import first_then_all, floats, serve


class Causal(torch.nn.Conv1d):
    """Over (B, C, T), padded with zeros on the left."""

    def forward(self, x):
        return super().forward(F.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class Block(torch.nn.Module):
    def __init__(self, c, kernel, dilation):
        super().__init__()
        self.dilated = Causal(c["nResidual"], 2 * c["nGate"], kernel, dilation=dilation)
        self.residual = torch.nn.Conv1d(c["nGate"], c["nResidual"], 1)
        self.skip = torch.nn.Conv1d(c["nGate"], c["nSkip"], 1)


class WaveNet(torch.nn.Module):
    """With a linear gate, averaged skips and one output layer, as both presets have."""

    def __init__(self, c, vocab):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocab, c["nEmbd"])
        self.initial = Causal(c["nEmbd"], c["nResidual"], c["initialKernel"])
        layers = list(zip(c["kernelSizes"], c["dilations"])) * c["nStack"]
        self.blocks = torch.nn.ModuleList(Block(c, kernel, dilation) for kernel, dilation in layers)
        self.output = torch.nn.Conv1d(c["nSkip"], vocab, 1)

    def forward(self, inputs):
        x = self.initial(self.embedding(inputs).transpose(1, 2))  # (B, T) -> (B, C, T)
        skips = 0
        for i, block in enumerate(self.blocks):
            gated = F.glu(block.dilated(x), dim=1)  # a * sigmoid(b)
            skips = skips + block.skip(gated)
            if i < len(self.blocks) - 1:  # nothing follows the last residual
                x = x + block.residual(gated)
        x = F.leaky_relu(skips / len(self.blocks)).transpose(1, 2).contiguous()  # -> (B, T, C)
        # The kernel of 1 as a matrix, over contiguous rows: several times faster than over (B, C, T), or
        # than over rows that are only transposed, which PyTorch multiplies batch item by batch item.
        return F.linear(x, self.output.weight.squeeze(2), self.output.bias)  # -> (B, T, V)


def make(c):
    model = WaveNet(c["config"], c["vocab"])
    pool = floats(f"{c['folder']}/pool.f32")
    with torch.no_grad():
        for i, (name, parameter) in enumerate(model.named_parameters()):
            values = first_then_all(pool, 7919 * i % len(pool), parameter.numel())
            if parameter.ndim == 3:
                out, size_in, kernel = parameter.shape
                values = values.reshape(kernel, out, size_in).transpose(1, 2, 0)
                spread = (6 / (kernel * (out + size_in))) ** 0.5
            else:
                spread = 1 if name == "embedding.weight" else 0.1
            parameter.copy_(torch.from_numpy(values.copy()).view_as(parameter)).mul_(spread)
    return model, torch.optim.AdamW(model.parameters(), lr=c["lr"], weight_decay=0.01)


serve(make)
