"""Weights and batches for golden values by a hash of their position, which test/golden-words.ts repeats."""
import zlib

import numpy


def words(name, count):
    """32-bit words, a function of a name and a position: the finaliser of MurmurHash3."""
    h = numpy.arange(1, count + 1, dtype=numpy.uint32) * numpy.uint32(2654435761)
    h ^= numpy.uint32(zlib.crc32(name.encode()))
    for shift, factor in [(16, 0x85EBCA6B), (13, 0xC2B2AE35)]:
        h ^= h >> numpy.uint32(shift)
        h *= numpy.uint32(factor)
    return h ^ (h >> numpy.uint32(16))
