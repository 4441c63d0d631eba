/*
 * Walking arrays of up to MAX_DIMS dimensions at their strides, in elements.
 */
#ifndef NANOGPT_STRIDES_H
#define NANOGPT_STRIDES_H

#include "kernels.h"

/* `size` and two operands' strides; dimension ndim - 1 is the innermost. */
struct layout {
    int ndim;
    int64_t size[MAX_DIMS], stride[2][MAX_DIMS];
};

static inline void layout_add(struct layout *l, int64_t size, int64_t stride0, int64_t stride1) {
    l->size[l->ndim] = size;
    l->stride[0][l->ndim] = stride0;
    l->stride[1][l->ndim++] = stride1;
}

/*
 * The same elements in as few dimensions as possible: those of size 1 dropped, neighbours joined
 * where both operands step evenly across them. At least one dimension remains.
 */
static inline struct layout layout_join(const struct layout *l) {
    struct layout j = {0};
    for (int d = 0; d < l->ndim; d++) {
        int64_t size = l->size[d], s0 = l->stride[0][d], s1 = l->stride[1][d];
        if (size == 1) continue;
        int last = j.ndim - 1;
        if (last >= 0 && j.stride[0][last] == s0 * size && j.stride[1][last] == s1 * size) {
            j.size[last] *= size;
            j.stride[0][last] = s0;
            j.stride[1][last] = s1;
        } else {
            layout_add(&j, size, s0, s1);
        }
    }
    if (j.ndim == 0) layout_add(&j, 1, 0, 0);
    return j;
}

static inline int64_t layout_count(const struct layout *l, int dims) {
    int64_t count = 1;
    for (int d = 0; d < dims; d++) count *= l->size[d];
    return count;
}

/* A place within the first `dims` dimensions, and both operands' offsets there. */
struct cursor {
    int64_t index[MAX_DIMS], offset[2];
};

static inline struct cursor cursor_at(const struct layout *l, int dims, int64_t i) {
    struct cursor c = {0};
    for (int d = dims - 1; d >= 0; d--) {
        c.index[d] = i % l->size[d];
        i /= l->size[d];
        for (int k = 0; k < 2; k++) c.offset[k] += c.index[d] * l->stride[k][d];
    }
    return c;
}

static inline void cursor_next(const struct layout *l, int dims, struct cursor *c) {
    for (int d = dims - 1; d >= 0; d--) {
        for (int k = 0; k < 2; k++) c->offset[k] += l->stride[k][d];
        if (++c->index[d] < l->size[d]) return;
        for (int k = 0; k < 2; k++) c->offset[k] -= l->size[d] * l->stride[k][d];
        c->index[d] = 0;
    }
}

#endif
