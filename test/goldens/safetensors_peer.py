"""An independent reader and writer of safetensors, in the few lines that the format takes.

    safetensors_peer.py read FILE     prints the file's tensors and metadata as JSON
    safetensors_peer.py write FILE    writes a small file of three types
"""
import json
import struct
import sys

CODES = {"F32": "f", "I32": "i", "I64": "q"}


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    assert (8 + length) % 8 == 0, "data is not aligned"
    out = {"__metadata__": header.pop("__metadata__", {})}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        code = CODES[entry["dtype"]]
        values = struct.unpack("<%d%s" % ((end - begin) // struct.calcsize(code), code), data[begin:end])
        out[name] = {"dtype": entry["dtype"], "shape": entry["shape"], "values": list(values)}
    print(json.dumps(out))


def write(path):
    parts = [("n", "I64", [2], [1, -2]), ("x", "F32", [3, 1], [0.5, -1, 2]), ("i", "I32", [2], [3, 4])]
    header, data = {"__metadata__": {"by": "peer"}}, b""
    for name, dtype, shape, values in parts:
        packed = struct.pack("<%d%s" % (len(values), CODES[dtype]), *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


{"read": read, "write": write}[sys.argv[1]](sys.argv[2])
