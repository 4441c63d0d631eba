"""Tiny models as they are published, and their logits by the published mathematics.

Writes pretrained/ beside itself: python3 test/goldens/pretrained.py

Names, shapes, keys and types are those of the files on the hub (transformers' GPT2LMHeadModel, LlamaForCausalLM,
MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, SmolLM3ForCausalLM, GPTNeoXForCausalLM; nanoGPT's state_dict; llama2.c's
legacy .bin). What they compute is written down here from its description, on the stored tensors by their names.
"""
import json
import math
import pathlib
import shutil
import struct

import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).parent / "pretrained"
CODES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
IDS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
expected = {}


def raw(tensor):
    tensor = tensor.contiguous()
    return (tensor.view(torch.int16) if tensor.element_size() == 2 else tensor).numpy().tobytes()


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        packed = raw(tensor)
        offsets = [len(data), len(data) + len(packed)]
        header[name] = {"dtype": CODES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += packed
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def save(name, config, tensors, logits, shards=1):
    folder = OUT / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
    else:
        names, where = list(tensors), {}
        for i in range(shards):
            file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
            part = names[i::shards]
            write_safetensors(folder / file, {n: tensors[n] for n in part})
            where.update({n: file for n in part})
        index = {"metadata": {"total_size": 0}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")
    expected[name] = [round(x, 6) for x in logits.flatten().tolist()]


def random(*shape, dtype=torch.float32, around=0.0):
    return (around + 0.4 * torch.randn(*shape)).to(dtype)


def causal(q, k, v, window=None):
    """(H, T, D) each."""
    T = q.shape[1]
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])
    i, j = torch.arange(T)[:, None], torch.arange(T)[None, :]
    hidden = (j > i) if window is None else (j > i) | (j <= i - window)
    return scores.masked_fill(hidden, -math.inf).softmax(-1) @ v


def heads(x, count):
    return x.view(x.shape[0], count, -1).transpose(0, 1)


# GPT-2, with transformers' Conv1D (in, out) or nanoGPT's Linear (out, in)

def gpt(tensors, config, prefix, product, act):
    t = {name: value.float() for name, value in tensors.items()}
    H, eps = config["heads"], 1e-5

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], t[name + ".weight"], t.get(name + ".bias"), eps)

    def linear(x, name):
        y = product(x, t[name + ".weight"])
        return y + t[name + ".bias"] if name + ".bias" in t else y

    x = t[prefix + "wte.weight"][IDS] + t[prefix + "wpe.weight"][: len(IDS)]
    for i in range(config["layers"]):
        h = f"{prefix}h.{i}."
        q, k, v = (heads(part, H) for part in linear(norm(x, h + "ln_1"), h + "attn.c_attn").chunk(3, -1))
        x = x + linear(causal(q, k, v).transpose(0, 1).flatten(1), h + "attn.c_proj")
        x = x + linear(act(linear(norm(x, h + "ln_2"), h + "mlp.c_fc")), h + "mlp.c_proj")
    return norm(x, prefix + "ln_f") @ t[prefix + "wte.weight"].T


def gelu_new(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def make_gpt2():
    C, V, T, layers = 12, 19, 16, 2
    t = {"wte.weight": random(V, C), "wpe.weight": random(T, C)}
    for i in range(layers):
        h = f"h.{i}."
        t[h + "attn.bias"] = torch.ones(T, T).tril().view(1, 1, T, T)  # a mask, in the files of old
        for name, inside, outside in [("attn.c_attn", C, 3 * C), ("attn.c_proj", C, C), ("mlp.c_fc", C, 4 * C), ("mlp.c_proj", 4 * C, C)]:
            t[f"{h}{name}.weight"], t[f"{h}{name}.bias"] = random(inside, outside), random(outside)
        for name in ["ln_1", "ln_2"]:
            t[f"{h}{name}.weight"], t[f"{h}{name}.bias"] = random(C, around=1), random(C)
    t["ln_f.weight"], t["ln_f.bias"] = random(C, around=1), random(C)
    config = {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
              "bos_token_id": 18, "eos_token_id": 18, "layer_norm_epsilon": 1e-5, "model_type": "gpt2", "n_ctx": T,
              "n_embd": C, "n_head": 3, "n_layer": layers, "n_positions": T, "resid_pdrop": 0.1,
              "summary_activation": None, "summary_type": "cls_index", "task_specific_params":
              {"text-generation": {"do_sample": True, "max_length": 50}}, "vocab_size": V}
    save("gpt2", config, t, gpt(t, {"heads": 3, "layers": layers}, "", lambda x, w: x @ w, gelu_new))


def make_nanogpt():
    C, V, T, layers = 8, 19, 16, 2
    t = {"transformer.wte.weight": random(V, C), "transformer.wpe.weight": random(T, C)}
    for i in range(layers):
        h = f"transformer.h.{i}."
        for name, inside, outside in [("attn.c_attn", C, 3 * C), ("attn.c_proj", C, C), ("mlp.c_fc", C, 4 * C), ("mlp.c_proj", 4 * C, C)]:
            t[f"{h}{name}.weight"] = random(outside, inside)
        for name in ["ln_1", "ln_2"]:
            t[f"{h}{name}.weight"] = random(C, around=1)
    t["transformer.ln_f.weight"] = random(C, around=1)
    logits = gpt(t, {"heads": 2, "layers": layers}, "transformer.", lambda x, w: x @ w.T, F.gelu)
    t["lm_head.weight"] = t["transformer.wte.weight"]
    config = {"n_layer": layers, "n_head": 2, "n_embd": C, "block_size": T, "bias": False, "vocab_size": V, "dropout": 0.0}
    save("nanogpt", config, {f"_orig_mod.{n}" if n != "lm_head.weight" else n: v for n, v in t.items()}, logits)


# Llama and its relatives

def frequencies(D, config):
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = config.get("rope_theta") or rope["rope_theta"]
    f = 1.0 / theta ** (torch.arange(0, D, 2).double() / D)
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "linear":
        f = f / rope["factor"]
    if kind == "llama3":
        low, high, old = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
        length = 2 * math.pi / f
        smooth = (old / length - low) / (high - low)
        middle = (1 - smooth) * f / rope["factor"] + smooth * f
        f = torch.where(length > old / low, f / rope["factor"], torch.where(length < old / high, f, middle))
    return f


def rotate_half(x, f):
    angles = torch.outer(torch.arange(x.shape[1]).double(), f)
    cos, sin = (torch.cat([g(angles), g(angles)], -1).float() for g in (torch.cos, torch.sin))
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


def llama(t, c, rotary=lambda layer: True, window=None, turn=rotate_half):
    t = {name: value.float() for name, value in t.items()}
    H, K = c["num_attention_heads"], c["num_key_value_heads"]
    D = c.get("head_dim") or c["hidden_size"] // H
    eps, f = c["rms_norm_eps"], frequencies(D, c)

    def norm(x, name):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * t[name + ".weight"]

    def linear(x, name):
        return F.linear(x, t[name + ".weight"], t.get(name + ".bias"))

    x = t["model.embed_tokens.weight"][IDS]
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        y = norm(x, layer + "input_layernorm")
        q, k, v = (heads(linear(y, layer + f"self_attn.{p}_proj"), n) for p, n in [("q", H), ("k", K), ("v", K)])
        if layer + "self_attn.q_norm.weight" in t:
            q, k = norm(q, layer + "self_attn.q_norm"), norm(k, layer + "self_attn.k_norm")
        if rotary(i):
            q, k = turn(q, f), turn(k, f)
        k, v = k.repeat_interleave(H // K, 0), v.repeat_interleave(H // K, 0)
        x = x + linear(causal(q, k, v, window).transpose(0, 1).flatten(1), layer + "self_attn.o_proj")
        y = norm(x, layer + "post_attention_layernorm")
        y = F.silu(linear(y, layer + "mlp.gate_proj")) * linear(y, layer + "mlp.up_proj")
        x = x + linear(y, layer + "mlp.down_proj")
    x = norm(x, "model.norm")
    return x @ t.get("lm_head.weight", t["model.embed_tokens.weight"]).T


def llama_tensors(c, dtype, qkv_bias=False, qk_norm=False):
    C, H, K, hidden = (c[n] for n in ["hidden_size", "num_attention_heads", "num_key_value_heads", "intermediate_size"])
    D = c.get("head_dim") or C // H
    r = lambda *shape, **more: random(*shape, dtype=dtype, **more)
    t = {"model.embed_tokens.weight": r(c["vocab_size"], C)}
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        for name, outside, inside in [("self_attn.q_proj", H * D, C), ("self_attn.k_proj", K * D, C), ("self_attn.v_proj", K * D, C),
                                      ("self_attn.o_proj", C, H * D), ("mlp.gate_proj", hidden, C), ("mlp.up_proj", hidden, C),
                                      ("mlp.down_proj", C, hidden)]:
            t[f"{layer}{name}.weight"] = r(outside, inside)
            if qkv_bias and name[-6:] in ["q_proj", "k_proj", "v_proj"]:
                t[f"{layer}{name}.bias"] = r(outside)
        for name in ["input_layernorm", "post_attention_layernorm"]:
            t[f"{layer}{name}.weight"] = r(C, around=1)
        for name in ["q_norm", "k_norm"] if qk_norm else []:
            t[f"{layer}self_attn.{name}.weight"] = r(D, around=1)
    t["model.norm.weight"] = r(C, around=1)
    if not c["tie_word_embeddings"]:
        t["lm_head.weight"] = r(c["vocab_size"], C)
    return t


def base(kind, architecture, **more):
    c = {"architectures": [architecture], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2,
         "hidden_act": "silu", "hidden_size": 16, "initializer_range": 0.02, "intermediate_size": 24,
         "max_position_embeddings": 32, "model_type": kind, "num_attention_heads": 4, "num_hidden_layers": 2,
         "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "tie_word_embeddings": False, "use_cache": True, "vocab_size": 19}
    return {**c, **more}


def make_llamas():
    llama3 = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 12, "rope_type": "llama3"}
    c = base("llama", "LlamaForCausalLM", attention_bias=False, mlp_bias=False, pretraining_tp=1, rope_scaling=llama3,
             rope_theta=500.0, torch_dtype="float16", transformers_version="4.43.0")
    t = llama_tensors(c, torch.float16)
    save("llama", c, t, llama(t, c))

    c = base("llama", "LlamaForCausalLM", attention_bias=False, mlp_bias=False, tie_word_embeddings=True, dtype="bfloat16", head_dim=4,
             rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 300.0})
    t = llama_tensors(c, torch.bfloat16)
    save("llama-sharded", c, t, llama(t, c), shards=3)

    c = base("mistral", "MistralForCausalLM", rope_theta=10000.0, sliding_window=4, torch_dtype="bfloat16")
    t = llama_tensors(c, torch.bfloat16)
    save("mistral", c, t, llama(t, c, window=4))

    c = base("qwen2", "Qwen2ForCausalLM", rope_theta=1000000.0, sliding_window=4, use_sliding_window=False, max_window_layers=1,
             tie_word_embeddings=True, torch_dtype="bfloat16")
    t = llama_tensors(c, torch.bfloat16, qkv_bias=True)
    save("qwen2", c, t, llama(t, c))

    c = base("qwen3", "Qwen3ForCausalLM", attention_bias=False, head_dim=6, max_window_layers=2, rope_scaling=None, rope_theta=1000000,
             sliding_window=None, use_sliding_window=False, tie_word_embeddings=True, torch_dtype="bfloat16")
    t = llama_tensors(c, torch.bfloat16, qk_norm=True)
    t["lm_head.weight"] = t["model.embed_tokens.weight"]  # written out although it is tied
    save("qwen3", c, t, llama({n: v for n, v in t.items() if n != "lm_head.weight"}, c))

    c = base("smollm3", "SmolLM3ForCausalLM", attention_bias=False, mlp_bias=False, layer_types=["full_attention"] * 4,
             no_rope_layer_interval=4, no_rope_layers=[1, 0, 1, 1], num_hidden_layers=4, rope_theta=2000000.0,
             tie_word_embeddings=True, use_sliding_window=False, dtype="bfloat16")
    t = llama_tensors(c, torch.bfloat16)
    save("smollm3", c, t, llama(t, c, rotary=lambda layer: c["no_rope_layers"][layer] == 1))


# GPT-NeoX: a part of each head turned, attention and feed-forward side by side, one matrix for each head's q, k and v

def neox(t, c):
    t = {name: value.float() for name, value in t.items()}
    H, eps, C = c["num_attention_heads"], c["layer_norm_eps"], c["hidden_size"]
    D = C // H
    R = int(D * c.get("rotary_pct", c.get("rope_parameters", {}).get("partial_rotary_factor")))
    f = frequencies(R, c if "rope_parameters" in c else {"rope_theta": c["rotary_emb_base"]})

    def norm(x, name):
        return F.layer_norm(x, (C,), t[name + ".weight"], t[name + ".bias"], eps)

    def linear(x, name):
        return F.linear(x, t[name + ".weight"], t[name + ".bias"])

    def turn(x):
        return torch.cat([rotate_half(x[..., :R], f), x[..., R:]], -1)

    x = t["gpt_neox.embed_in.weight"][IDS]
    for i in range(c["num_hidden_layers"]):
        layer = f"gpt_neox.layers.{i}."
        qkv = linear(norm(x, layer + "input_layernorm"), layer + "attention.query_key_value")
        q, k, v = qkv.view(len(IDS), H, 3 * D).transpose(0, 1).chunk(3, -1)
        y = linear(causal(turn(q), turn(k), v).transpose(0, 1).flatten(1), layer + "attention.dense")
        after = x if c["use_parallel_residual"] else x + y
        z = F.gelu(linear(norm(after, layer + "post_attention_layernorm"), layer + "mlp.dense_h_to_4h"))
        x = x + y + linear(z, layer + "mlp.dense_4h_to_h")
    return norm(x, "gpt_neox.final_layer_norm") @ t["embed_out.weight"].T


def make_neox(name, masks=False, **more):
    C, hidden, layers, V = 24, 40, 2, 19
    c = {"architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu", "hidden_size": C,
         "initializer_range": 0.02, "intermediate_size": hidden, "layer_norm_eps": 1e-5, "max_position_embeddings": 32,
         "model_type": "gpt_neox", "num_attention_heads": 3, "num_hidden_layers": layers, "tie_word_embeddings": False,
         "torch_dtype": "float16", "use_cache": True, "use_parallel_residual": True, "vocab_size": V, **more}
    r = lambda *shape, **around: random(*shape, dtype=torch.float16, **around)
    t = {"gpt_neox.embed_in.weight": r(V, C)}
    for i in range(layers):
        layer = f"gpt_neox.layers.{i}."
        for part, outside, inside in [("attention.query_key_value", 3 * C, C), ("attention.dense", C, C),
                                      ("mlp.dense_h_to_4h", hidden, C), ("mlp.dense_4h_to_h", C, hidden)]:
            t[f"{layer}{part}.weight"], t[f"{layer}{part}.bias"] = r(outside, inside), r(outside)
        for part in ["input_layernorm", "post_attention_layernorm"]:
            t[f"{layer}{part}.weight"], t[f"{layer}{part}.bias"] = r(C, around=1), r(C)
        if masks:
            t[layer + "attention.masked_bias"] = torch.tensor(-1e9)
            t[layer + "attention.rotary_emb.inv_freq"] = torch.ones(1)
    t["gpt_neox.final_layer_norm.weight"], t["gpt_neox.final_layer_norm.bias"] = r(C, around=1), r(C)
    t["embed_out.weight"] = r(V, C)
    save(name, c, t, neox({n: v for n, v in t.items() if "masked" not in n and "inv_freq" not in n}, c))


def rotate_neighbours(x, f):
    angles = torch.outer(torch.arange(x.shape[1]).double(), f).float()
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1).flatten(-2)


def make_llama2c(name, tied):
    c = base("llama", "", rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=tied)
    t = llama_tensors(c, torch.float32)
    layers, D = c["num_hidden_layers"], 4
    data = struct.pack("<7i", 16, 24, layers, 4, 2, 19 if tied else -19, 32) + raw(t["model.embed_tokens.weight"])
    for part in ["input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                 "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"]:
        for i in range(layers):
            data += raw(t[f"model.layers.{i}.{part}.weight"])
    data += raw(t["model.norm.weight"])
    angles = torch.outer(torch.arange(32).float(), frequencies(D, c).float())
    data += raw(angles.cos()) + raw(angles.sin())
    if not tied:
        data += raw(t["lm_head.weight"])
    (OUT / f"{name}.bin").write_bytes(data)
    expected[f"{name}.bin"] = [round(x, 6) for x in llama(t, c, turn=rotate_neighbours).flatten().tolist()]


torch.manual_seed(1)
shutil.rmtree(OUT, ignore_errors=True)
make_gpt2()
make_nanogpt()
make_llamas()
make_llama2c("llama2c-tied", True)
make_llama2c("llama2c-untied", False)
make_neox("gpt-neox", masks=True, rotary_pct=0.25, rotary_emb_base=10000)
make_neox("gpt-neox-serial", use_parallel_residual=False, rope_parameters={
    "rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5})
(OUT / "expected.json").write_text(json.dumps({"ids": IDS, "logits": expected}) + "\n")
