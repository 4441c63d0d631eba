"""One of two processes that sum tensors by PyTorch's Gloo. Arguments: rank, a file to meet at, sizes, repeats."""

import json
import sys
import time

import torch
import torch.distributed as dist

rank, meeting, counts, repeats = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
times = []
for count in counts:
    x = torch.zeros(count)
    each = []
    for _ in range(repeats):
        dist.barrier()
        began = time.perf_counter()
        dist.all_reduce(x)
        each.append(1000 * (time.perf_counter() - began))
    times.append(each)
if rank == 0:
    print(json.dumps(times))
