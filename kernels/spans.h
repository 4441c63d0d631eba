/*
 * Spans: stretches of huge pages that blocks of middle size are cut from, each too small for a huge page of its own. A
 * model's weights, moments and activations are mostly such blocks. On pages of 4 KiB, walking through all of them costs
 * an address translation every 4 KiB; where a machine's own memory is cut as small (in many virtual
 * machines) that takes several times as long as the numbers themselves.
 */
#ifndef NANOGPT_SPANS_H
#define NANOGPT_SPANS_H

#include <stdint.h>

#include "system.h"

/* Blocks of these sizes are cut from spans; smaller ones lie together anyway. */
#define SPAN_FROM ((size_t)16 << 10)
#define SPAN_BELOW HUGE_FROM
#define SPAN_BYTES ((size_t)32 << 20)

/* Where there are no huge pages there are no spans. */
static inline int is_from_span(size_t bytes) {
    return HUGE_PAGE > 0 && bytes >= SPAN_FROM && bytes < SPAN_BELOW;
}

/* A block, which stays one of its span as long as that lasts; NULL when memory is out. */
void *span_cut(size_t bytes);

/* Says of a block that it is free, from one `spans_release` to the next. */
void span_count_free(const void *block);
/* Whether all blocks of its span are free. */
int span_is_free(const void *block);
/* Gives back the spans of which all blocks are free, and forgets what was said. */
void spans_release(void);

#endif
