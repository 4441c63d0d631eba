"""The flattened MLP in PyTorch, as its users write it: the peer of bench/mlp.ts.

Speaks JSON, a line each way. First a line with the configuration and the folder that holds the weights
(raw float32) and batches (raw int64) to start from; then, for each {"steps": n}, n training steps, answered
with their losses and seconds; at the end of input, the peak of its memory.
"""
import json
import resource
import sys
import time

import numpy
import torch
import torch.nn.functional as F


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


def peak_memory():
    """Bytes held at most: of this address space, where Linux tells, and not of the starting process."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    c = json.loads(sys.stdin.readline())
    torch.set_num_threads(c["threads"])
    model = MLP(c)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = numpy.fromfile(f"{c['folder']}/{name}.f32", dtype=numpy.float32)
            parameter.copy_(torch.from_numpy(values).view_as(parameter))
    inputs = torch.from_numpy(numpy.fromfile(f"{c['folder']}/inputs.i64", dtype=numpy.int64))
    inputs = inputs.view(-1, c["batchSize"], c["blockSize"])
    targets = torch.from_numpy(numpy.fromfile(f"{c['folder']}/targets.i64", dtype=numpy.int64))
    targets = targets.view(-1, c["batchSize"])
    if c["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=c["lr"])
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=c["lr"], weight_decay=0.01)
    print(json.dumps({"ready": torch.__version__, "threads": torch.get_num_threads()}), flush=True)

    step = 0
    for line in sys.stdin:
        losses, seconds = [], []
        for _ in range(json.loads(line)["steps"]):
            i = step % len(inputs)
            start = time.perf_counter()
            loss = F.cross_entropy(model(inputs[i]), targets[i])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            seconds.append(time.perf_counter() - start)
            step += 1
        print(json.dumps({"losses": losses, "seconds": seconds, "peakBytes": peak_memory()}), flush=True)


main()
