/*
 * Working memory that a thread keeps between calls (memory.c).
 */
#ifndef NANOGPT_SCRATCH_H
#define NANOGPT_SCRATCH_H

#include <stddef.h>

/* Pieces that do not disturb each other: a kernel's call has one, and a matrix product two, for what a
   thread packs for itself and for what it packs for all. */
enum scratch { SCRATCH_CALL, SCRATCH_OWN, SCRATCH_SHARED, SCRATCHES };

/* At least `bytes`, of the calling thread; asking again for the same piece may move it. */
void *scratch_piece(enum scratch piece, size_t bytes);

#endif
