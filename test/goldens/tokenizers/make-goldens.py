"""Makes the goldens of the SentencePiece tests with the original (spm_train and python3-sentencepiece 0.1.97):

    NANOGPT_DATA_DIR=... /usr/bin/python3 test/goldens/tokenizers/make-goldens.py

corpus.txt          a corpus in many scripts (corpus.py)
ideographs.txt      a corpus of 3,000 different characters (corpus.py)
vocab-hashes.json   for each corpus and set of options: SHA-256 of the .vocab file, or the refusal
*.model             small models, and encodings.jsonl: what the original makes of fuzzed texts with them

    make-goldens.py fuzz COUNT SEED MODEL...

prints what the original makes of COUNT fuzzed texts, taking the models in turn: for the live comparison.

    make-goldens.py book TEXT MODEL

prints what the original makes of a text as a whole and line by line.
"""
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile

import corpus as many_scripts
import sentencepiece as spm

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("NANOGPT_DATA_DIR", "")
CORPUS = os.path.join(HERE, "corpus.txt")
IDEOGRAPHS = os.path.join(HERE, "ideographs.txt")
FILES = {
    "tinyshakespeare.txt": os.path.join(DATA, "tinyshakespeare.txt"),
    "names.txt": os.path.join(DATA, "names.txt"),
    "corpus.txt": CORPUS,
    "ideographs.txt": IDEOGRAPHS,
}
LLAMA = ("--character_coverage=0.999995 --byte_fallback=true --split_digits=true --max_sentencepiece_length=27 "
         "--normalization_rule_name=identity --remove_extra_whitespaces=false --allow_whitespace_only_pieces=true")
IDENTITY = "--normalization_rule_name=identity"


def train(name, options, prefix):
    command = ["spm_train", "--model_type=bpe", f"--input={FILES[name]}", f"--model_prefix={prefix}", *options.split()]
    return subprocess.run(command, capture_output=True)


def cases():
    for size in [300, 1000, 8000, 32000, 33797, 34000]:
        yield "tinyshakespeare.txt", f"{LLAMA} --vocab_size={size}"
    variants = [
        "--character_coverage=0.98", "--character_coverage=1.0", "--byte_fallback", "--split_digits=true",
        "--add_dummy_prefix=false", "--treat_whitespace_as_suffix",
        "--treat_whitespace_as_suffix --allow_whitespace_only_pieces --remove_extra_whitespaces=false",
        "--user_defined_symbols=<sep>,KING,ing,First", "--split_by_whitespace=false",
    ]
    for size in [300, 1000, 8000]:
        for variant in variants:
            if "byte_fallback" in variant and size < 400:
                continue
            yield "tinyshakespeare.txt", f"{IDENTITY} {variant} --vocab_size={size}"
    yield "tinyshakespeare.txt", "--vocab_size=8000"
    for size in [100, 300, 1000, 3000]:
        yield "names.txt", f"{IDENTITY} --vocab_size={size}"
        yield "names.txt", f"{IDENTITY} --add_dummy_prefix=false --vocab_size={size}"
    variants += [
        "", "--byte_fallback --character_coverage=0.98", "--split_by_unicode_script=false", "--split_by_number=false",
        "--split_by_whitespace=false --treat_whitespace_as_suffix",
        "--user_defined_symbols=<sep>,😀 --control_symbols=<a>,<b> --pad_id=3",
        "--required_chars=etaλ --character_coverage=0.98", "--input_sentence_size=150",
        "--input_sentence_size=150 --shuffle_input_sentence=false", "--unk_id=3 --bos_id=0 --eos_id=1 --pad_id=2",
        "--hard_vocab_limit=false --vocab_size=30000", "--max_sentence_length=60", "--max_sentencepiece_length=3",
        "--bos_id=-1 --eos_id=-1", "--vocabulary_output_piece_score=false", "--user_defined_symbols=<s>,</s>",
        "--unk_piece=[UNK] --bos_piece=[B]",
    ]
    for rule in ["identity", "nmt_nfkc"]:
        for variant in variants:
            yield "corpus.txt", f"--normalization_rule_name={rule} --vocab_size=1200 {variant}"
    yield "corpus.txt", "--vocab_size=500"
    for variant in ["", "--split_by_whitespace=false", "--character_coverage=0.98 --byte_fallback"]:
        yield "ideographs.txt", f"{IDENTITY} --character_coverage=1 --vocab_size=4500 {variant}".strip()


def hashes():
    out = []
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "m")
        for name, options in cases():
            result = train(name, options, prefix)
            case = {"corpus": name, "options": options}
            if result.returncode == 0:
                vocab = open(prefix + ".vocab", "rb").read()
                case["sha256"] = hashlib.sha256(vocab).hexdigest()
                case["lines"] = vocab.count(b"\n")
            else:
                text = result.stderr.decode("utf-8", "replace")
                case["refusal"] = text[text.index("Vocabulary size"):].split("\n")[0]
            out.append(case)
    with open(os.path.join(HERE, "vocab-hashes.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in out) + "\n]\n")


MODELS = {
    "bpe-bytes": f"--model_type=bpe {IDENTITY} --byte_fallback --vocab_size=900 --character_coverage=0.98 "
                 "--remove_extra_whitespaces=false --allow_whitespace_only_pieces",
    "bpe-suffix": f"--model_type=bpe {IDENTITY} --treat_whitespace_as_suffix --vocab_size=700 --character_coverage=0.98 "
                  "--user_defined_symbols=<sep>,😀,ab",
    "bpe-lines": f"--model_type=bpe {IDENTITY} --split_by_whitespace=false --vocab_size=700 --character_coverage=0.98",
    "unigram": f"--model_type=unigram {IDENTITY} --vocab_size=700 --character_coverage=0.98",
    "unigram-bytes": f"--model_type=unigram {IDENTITY} --vocab_size=900 --byte_fallback --character_coverage=0.98 "
                     "--user_defined_symbols=<sep>,😀,ab --add_dummy_prefix=false",
}


def any_text(rng, lines):
    def character():
        top = rng.choice([0x7F, 0x7FF, 0xFFFF, 0x10FFFF])
        point = rng.randint(0, top)
        return "" if 0xD800 <= point <= 0xDFFF else chr(point)

    out = ""
    for _ in range(rng.randint(0, 5)):
        kind = rng.random()
        if kind < 0.5:
            line = rng.choice(lines)
            start = rng.randint(0, len(line))
            out += line[start:start + rng.randint(0, 30)]
        elif kind < 0.7:
            out += "".join(character() for _ in range(rng.randint(0, 6)))
        elif kind < 0.85:
            out += rng.choice([" ", "  ", "\t", "\n", "\u3000", "▁", "▁▁", " " * rng.randint(1, 40)])
        elif kind < 0.95:
            out += rng.choice(["<sep>", "<s>", "</s>", "<unk>", "<0x41>", "ab", "😀", "<se", "xab", "ﬁ", "e\u0301"])
        else:
            out += rng.choice("ab c") * rng.randint(1, 60)
    return out


def fuzz(processor, rng, lines, n):
    for _ in range(n):
        text = any_text(rng, lines)
        encoded = processor.encode(text, out_type="immutable_proto")
        ids = [p.id for p in encoded.pieces]
        drawn = [rng.randrange(processor.get_piece_size()) for _ in range(rng.randint(0, 10))]
        yield {
            "text": text, "ids": ids, "decoded": processor.decode(ids),
            "pieces": [[p.piece, p.begin, p.end] for p in encoded.pieces],
            "drawn": drawn, "drawnDecoded": processor.decode(drawn),
        }


def encodings():
    rng = random.Random(11)
    lines = many_scripts.corpus(300, 5).split("\n")
    with open(os.path.join(HERE, "encodings.jsonl"), "w") as f:
        for name, options in MODELS.items():
            train("corpus.txt", options, name)
            os.remove(name + ".vocab")
            processor = spm.SentencePieceProcessor(model_file=name + ".model")
            for case in fuzz(processor, rng, lines, 60):
                f.write(json.dumps({"model": name, **case}) + "\n")


def live(count, seed, models):
    rng = random.Random(seed)
    lines = many_scripts.corpus(1000, seed).split("\n")
    processors = [spm.SentencePieceProcessor(model_file=m) for m in models]
    for i in range(count):
        at = i % len(models)
        for case in fuzz(processors[at], rng, lines, 1):
            print(json.dumps({"model": models[at], **case}))


def book(path, model):
    processor = spm.SentencePieceProcessor(model_file=model)
    text = open(path, encoding="utf-8", newline="").read()
    out = {}
    for name, parts in [("whole", [text]), ("lines", text.split("\n"))]:
        ids = processor.encode(parts, num_threads=1)
        out[name] = {"ids": ids, "decoded": processor.decode(ids, num_threads=1)}
    print(json.dumps(out))


if __name__ == "__main__" and sys.argv[1:2] == ["book"]:
    book(*sys.argv[2:4])
elif __name__ == "__main__" and sys.argv[1:2] == ["fuzz"]:
    live(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
elif __name__ == "__main__":
    with open(CORPUS, "wb") as out:
        out.write(many_scripts.corpus(400).encode("utf-8"))
    with open(IDEOGRAPHS, "wb") as out:
        out.write(many_scripts.ideographs().encode("utf-8"))
    os.chdir(HERE)
    FILES["corpus.txt"] = "corpus.txt"  # the model file records the path
    hashes()
    encodings()
