/* See spans.h. Whoever calls holds the lock of memory.c. */
#include "spans.h"

#include <string.h>

/* Blocks of the same size would else begin at the same place of their pages, and want the same sets of a cache. */
#define STAGGER (5 * CACHE_LINE)

struct span {
    char *begin;
    size_t used;
    int64_t blocks, free;
};

/* The last one is cut from. */
static struct {
    struct span *all;
    int64_t count, room;
} spans;

static int64_t span_of(const void *block) {
    const char *at = block;
    int64_t i = 0;
    while (i < spans.count && (at < spans.all[i].begin || at >= spans.all[i].begin + SPAN_BYTES)) i++;
    return i;
}

/* One more; 0 when memory is out. */
static int add_span(void) {
    if (spans.count == spans.room) {
        int64_t room = spans.room ? 2 * spans.room : 16;
        struct span *more = system_alloc((size_t)room * sizeof *more);
        if (!more) return 0;
        if (spans.count > 0) memcpy(more, spans.all, (size_t)spans.count * sizeof *more);
        system_free(spans.all);
        spans.all = more;
        spans.room = room;
    }
    char *begin = system_alloc(SPAN_BYTES);
    if (!begin) return 0;
    spans.all[spans.count++] = (struct span){.begin = begin};
    return 1;
}

void *span_cut(size_t bytes) {
    if (spans.count == 0 || spans.all[spans.count - 1].used + bytes > SPAN_BYTES) {
        if (!add_span()) return NULL;
    }
    struct span *last = &spans.all[spans.count - 1];
    void *block = last->begin + last->used;
    last->used += bytes + STAGGER;
    last->blocks++;
    return block;
}

void span_count_free(const void *block) { spans.all[span_of(block)].free++; }

int span_is_free(const void *block) {
    const struct span *span = &spans.all[span_of(block)];
    return span->free == span->blocks;
}

void spans_release(void) {
    int64_t kept = 0;
    for (int64_t i = 0; i < spans.count; i++) {
        struct span span = spans.all[i];
        if (span.free == span.blocks) {
            system_free(span.begin);
            continue;
        }
        span.free = 0;
        spans.all[kept++] = span;
    }
    spans.count = kept;
}
