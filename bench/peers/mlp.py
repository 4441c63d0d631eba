"""The flattened MLP in PyTorch, as its users write it: the peer of bench/mlp.ts."""
import torch
import torch.nn.functional as F

from serve import floats, serve


class MLP(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.activation = {"leakyRelu": F.leaky_relu, "tanh": torch.tanh}[c["activation"]]
        self.embedding = torch.nn.Embedding(c["vocab"], c["nEmbd"])
        self.hidden = torch.nn.Linear(c["blockSize"] * c["nEmbd"], c["nHidden"], bias=c["hiddenBias"])
        self.output = torch.nn.Linear(c["nHidden"], c["vocab"])

    def forward(self, inputs):
        x = self.embedding(inputs)  # (B, T) -> (B, T, C)
        x = x.flatten(1)  # -> (B, T*C)
        x = self.activation(self.hidden(x))  # -> (B, H)
        return self.output(x)  # -> (B, V)


def make(c):
    model = MLP(c)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = floats(f"{c['folder']}/{name}.f32")
            parameter.copy_(torch.from_numpy(values).view_as(parameter))
    if c["optimizer"] == "sgd":
        return model, torch.optim.SGD(model.parameters(), lr=c["lr"])
    return model, torch.optim.AdamW(model.parameters(), lr=c["lr"], weight_decay=0.01)


serve(make)
