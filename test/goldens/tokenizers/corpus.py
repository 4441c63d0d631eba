"""Writes a small corpus in many scripts, always the same: words drawn by Zipf's law from made-up
vocabularies of several scripts, with emoji, combining marks, digits, odd white space and controls."""
import random
import sys


def words_of(rng, letters, n, low=1, high=9, marks=()):
    words = []
    for _ in range(n):
        word = ""
        for _ in range(rng.randint(low, high)):
            word += rng.choice(letters)
            if marks and rng.random() < 0.15:
                word += rng.choice(marks)
        words.append(word)
    return words


def span(first, last):
    return [chr(c) for c in range(first, last + 1)]


def corpus(lines=1500, seed=7):
    rng = random.Random(seed)
    combining = ["\u0301", "\u0308", "\u0327", "\u0303"]
    groups = [
        words_of(rng, "etaoinshrdlucmfwygpbvkxjqz", 400),
        words_of(rng, "ETAOINabcdeéèüñçß", 100, marks=combining),
        words_of(rng, span(0x430, 0x44F) + span(0x410, 0x42F), 150),
        words_of(rng, span(0x3B1, 0x3C9), 100, marks=combining),
        words_of(rng, span(0x5D0, 0x5EA), 80),
        words_of(rng, span(0x627, 0x64A), 80, marks=["\u064e", "\u0651"]),
        words_of(rng, span(0x915, 0x939), 80, marks=["\u093e", "\u093f", "\u094d"]),
        words_of(rng, span(0xE01, 0xE2E), 80, marks=["\u0e31", "\u0e34"]),
        words_of(rng, span(0x4E00, 0x4E80) + span(0x3041, 0x3093) + span(0x30A1, 0x30F3) + ["\u30fc"], 200, 1, 6),
        words_of(rng, span(0xAC00, 0xAC60), 100, 1, 5),
        words_of(rng, span(0x1100, 0x1112) + span(0x1161, 0x1175) + span(0x11A8, 0x11C2), 40, 2, 5),
        words_of(rng, span(0xFF21, 0xFF3A) + span(0xFF10, 0xFF19) + span(0xFF66, 0xFF9F), 60),
        words_of(rng, "0123456789", 100, 1, 5),
        words_of(rng, ".,;:!?-'\"()[]{}<>/\\|@#$%^&*_+=~`", 60, 1, 3),
        words_of(rng, ["😀", "👍", "🏽", "👩", "\u200d", "🚀", "❤", "\ufe0f", "🇫", "🇷"], 50, 1, 4),
        words_of(rng, span(0x1D400, 0x1D433) + ["ﬁ", "ﬀ", "½", "²", "™", "℃", "㎏", "Ⅷ", "①"], 60, 1, 4),
        words_of(rng, ["𐐀", "𐐨", "𝒳", "𠀀", "\ue000", "\uffee"], 30, 1, 3),
        ["<sep>", "<s>", "</s>", "<unk>", "<0x41>", "a<sep>b", "▁", "▁x", "▅", "\t", "a\tb"],
    ]
    spaces = [" "] * 40 + ["  ", "   ", "\u3000", "\u00a0", "\t", "\u200b", "\u2028", ""]
    out = []
    for _ in range(lines):
        line = ""
        group = rng.choice(groups)
        for _ in range(rng.randint(0, 14)):
            if rng.random() < 0.4:
                group = rng.choice(groups)
            rank = int(len(group) ** rng.random()) - 1
            line += group[max(0, min(rank, len(group) - 1))] + rng.choice(spaces)
        if rng.random() < 0.02:
            line = rng.choice(["", " ", "   ", "\u0007\u0001", "\u00a0", "x" * 70])
        out.append(line)
    return "\n".join(out) + "\n"


def ideographs(characters=3000, seed=8):
    """Every one of so many characters at least once: more than any alphabet has."""
    rng = random.Random(seed)
    letters = span(0x4E00, 0x4E00 + characters - 1)
    words = words_of(rng, letters[:300], 400, 1, 3) + words_of(rng, letters, 600, 1, 3)
    order = letters[:]
    rng.shuffle(order)
    lines = ["".join(order[at:at + 3]) for at in range(0, len(order), 3)]
    for _ in range(300):
        lines.append(" ".join(words[int(len(words) ** rng.random()) - 1] for _ in range(rng.randint(1, 10))))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(corpus().encode("utf-8"))
