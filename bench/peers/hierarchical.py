"""The hierarchical MLP in PyTorch, as its users write it: the peer of bench/hierarchical.ts."""
import torch

from serve import floats, serve


class Level(torch.nn.Module):
    def __init__(self, channels, c):
        super().__init__()
        self.linear = torch.nn.Linear(2 * channels, c["nHidden"], bias=False)
        self.norm = torch.nn.BatchNorm1d(c["nHidden"])

    def forward(self, x):
        B, T, C = x.shape
        x = self.linear(x.view(B * T // 2, 2 * C))  # (B, T, C) -> (B*T/2, H)
        # Batch and time as one dimension: the same statistics, without permuting to (B, H, T/2) and back.
        return torch.tanh(self.norm(x)).view(B, T // 2, -1)


class Hierarchical(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embedding = torch.nn.Embedding(c["vocab"], c["nEmbd"])
        levels = c["blockSize"].bit_length() - 1
        self.levels = torch.nn.ModuleList(
            Level(c["nHidden"] if level else c["nEmbd"], c) for level in range(levels))
        self.output = torch.nn.Linear(c["nHidden"], c["vocab"])

    def forward(self, inputs):
        x = self.embedding(inputs)  # (B, T) -> (B, T, C)
        for level in self.levels:
            x = level(x)  # T / 2 each time, at last (B, 1, H)
        return self.output(x.squeeze(1))  # -> (B, V)


def make(c):
    model = Hierarchical(c)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = floats(f"{c['folder']}/{name}.f32")
            parameter.copy_(torch.from_numpy(values).view_as(parameter))
    return model, torch.optim.SGD(model.parameters(), lr=c["lr"])


serve(make)
