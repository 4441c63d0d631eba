/*
 * Memory: blocks that are handed out, and freed ones kept for the next who asks for as much, so that
 * a training step asks the system for nothing.
 *
 * Sizes are rounded up to a class: eight to each power of two, so that at most an eighth is unused
 * (and below 512 bytes, multiples of 64). Each class has a list of free blocks; those of middle size are cut from spans of
 * huge pages (spans.h). A hash table knows every block in use, so that a second free, or one of an address that is not a
 * block's, is refused.
 *
 * Threads of one process (Node's workers) share the pool, one at a time.
 */
#include "kernels.h"
#include "scratch.h"
#include "spans.h"
#include "system.h"

#include <string.h>

#define ALIGNMENT CACHE_LINE
#define CLASSES 512

int nanogpt_abi(void) { return NANOGPT_ABI; }

/* ── Size classes ── */

static int class_of(size_t bytes) {
    size_t units = bytes <= ALIGNMENT ? 1 : (bytes + ALIGNMENT - 1) / ALIGNMENT;
    if (units <= 8) return (int)units - 1;
    int top = 63 - __builtin_clzll(units - 1); /* 2^top <= units - 1 < 2^(top + 1), top >= 3 */
    return 8 * (top - 2) + (int)((units - 1) >> (top - 3) & 7);
}

static size_t class_bytes(int class) {
    int top = class / 8 + 2;
    size_t units = class < 8 ? (size_t)class + 1 : ((size_t)(class % 8 + 9)) << (top - 3);
    return units * ALIGNMENT;
}

/* ── Blocks in use: open addressing, linear probing ── */

struct block {
    uintptr_t address; /* 0: empty */
    int class;
};

static struct {
    struct mutex lock; /* guards all that follows */
    struct block *slots;
    size_t size, used; /* size is a power of two */
    uintptr_t *free_list[CLASSES];
    int64_t bytes_in_use, bytes_pooled, peak;
    int64_t limit; /* 0: none */
} memory = {.lock = MUTEX};

static size_t slot_of(uintptr_t address) {
    return (size_t)((address / ALIGNMENT) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (memory.size - 1);
}

static void insert(struct block b) {
    size_t i = slot_of(b.address);
    while (memory.slots[i].address) i = (i + 1) & (memory.size - 1);
    memory.slots[i] = b;
    memory.used++;
}

/* Room for one more; 0 when memory is out. At most half of the slots are in use. */
static int make_room(void) {
    if (2 * (memory.used + 1) <= memory.size) return 1;
    size_t old_size = memory.size, size = old_size ? 2 * old_size : 1024;
    struct block *old = memory.slots, *slots = system_alloc(size * sizeof *slots);
    if (!slots) return 0;
    memset(slots, 0, size * sizeof *slots);
    memory.slots = slots;
    memory.size = size;
    memory.used = 0;
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].address) insert(old[i]);
    }
    system_free(old);
    return 1;
}

/* Its class, or -1 when it is not in use. */
static int take_out(uintptr_t address) {
    if (!memory.size) return -1;
    size_t mask = memory.size - 1, i = slot_of(address);
    while (memory.slots[i].address != address) {
        if (!memory.slots[i].address) return -1;
        i = (i + 1) & mask;
    }
    int class = memory.slots[i].class;
    /* Those behind that would no longer be found move up into the gap. */
    for (size_t j = (i + 1) & mask; memory.slots[j].address; j = (j + 1) & mask) {
        size_t home = slot_of(memory.slots[j].address);
        if (((j - home) & mask) >= ((j - i) & mask)) {
            memory.slots[i] = memory.slots[j];
            i = j;
        }
    }
    memory.slots[i].address = 0;
    memory.used--;
    return class;
}

/* ── Allocation ── */

static void *new_block(size_t size) {
    return is_from_span(size) ? span_cut(size) : system_alloc(size);
}

/* Gives back what is free, but for blocks whose span has others in use. */
static int64_t trim(void) {
    int64_t before = memory.bytes_pooled;
    for (int class = 0; class < CLASSES; class++) {
        if (!is_from_span(class_bytes(class))) continue;
        for (uintptr_t *block = memory.free_list[class]; block; block = (uintptr_t *)*block) {
            span_count_free(block);
        }
    }
    for (int class = 0; class < CLASSES; class++) {
        int from_span = is_from_span(class_bytes(class));
        uintptr_t *block = memory.free_list[class], *next;
        memory.free_list[class] = NULL;
        for (; block; block = next) {
            next = (uintptr_t *)*block;
            if (from_span && !span_is_free(block)) {
                *block = (uintptr_t)memory.free_list[class];
                memory.free_list[class] = block;
                continue;
            }
            if (!from_span) system_free(block);
            memory.bytes_pooled -= (int64_t)class_bytes(class);
        }
    }
    spans_release();
    return before - memory.bytes_pooled;
}

static int64_t take(int64_t bytes) {
    if (bytes < 0 || bytes > INT64_C(1) << 46 || !make_room()) return 0;
    int class = class_of((size_t)bytes);
    int64_t size = (int64_t)class_bytes(class);
    uintptr_t *block = memory.free_list[class];
    if (block) {
        memory.free_list[class] = (uintptr_t *)*block; /* a free block's first word is the next */
        memory.bytes_pooled -= size;
    } else {
        /* The system may promise more than there is, and end the process when it is used. */
        if (memory.limit && memory.bytes_in_use + size > memory.limit) return 0;
        if (memory.limit && memory.bytes_in_use + memory.bytes_pooled + size > memory.limit) trim();
        block = new_block((size_t)size);
        if (!block && trim() > 0) block = new_block((size_t)size);
        if (!block) return 0;
    }
    insert((struct block){(uintptr_t)block, class});
    memory.bytes_in_use += size;
    if (memory.bytes_in_use > memory.peak) memory.peak = memory.bytes_in_use;
    return (int64_t)(uintptr_t)block;
}

static int give_back(int64_t address) {
    int class = address ? take_out((uintptr_t)address) : -1;
    if (class < 0) return 0;
    int64_t size = (int64_t)class_bytes(class);
    uintptr_t *block = (uintptr_t *)(uintptr_t)address;
    *block = (uintptr_t)memory.free_list[class];
    memory.free_list[class] = block;
    memory.bytes_in_use -= size;
    memory.bytes_pooled += size;
    return 1;
}

int64_t memory_alloc(int64_t bytes) {
    mutex_lock(&memory.lock);
    int64_t address = take(bytes);
    mutex_unlock(&memory.lock);
    return address;
}

int memory_free(int64_t address) {
    mutex_lock(&memory.lock);
    int freed = give_back(address);
    mutex_unlock(&memory.lock);
    return freed;
}

int64_t memory_free_all(const double *addresses, int64_t count) {
    int64_t freed = 0;
    mutex_lock(&memory.lock);
    for (int64_t i = 0; i < count; i++) freed += give_back((int64_t)addresses[i]);
    mutex_unlock(&memory.lock);
    return freed;
}

int64_t memory_trim(void) {
    mutex_lock(&memory.lock);
    int64_t bytes = trim();
    mutex_unlock(&memory.lock);
    return bytes;
}

void memory_limit(int64_t bytes) {
    mutex_lock(&memory.lock);
    memory.limit = bytes;
    mutex_unlock(&memory.lock);
}

void memory_report(double *out) {
    mutex_lock(&memory.lock);
    out[0] = (double)memory.bytes_in_use;
    out[1] = (double)memory.bytes_pooled;
    out[2] = (double)memory.peak;
    out[3] = (double)memory.used;
    mutex_unlock(&memory.lock);
}

int64_t memory_address(const void *array) { return (int64_t)(uintptr_t)array; }

/* ── Working memory ── */

/* From this size on it is as large as huge pages are given for: what is not used of them costs addresses alone. */
#define SCRATCH_ON_HUGE ((size_t)256 << 10)

/* What a thread keeps between calls: grown when needed, freed when the thread ends. */
static _Thread_local struct {
    void *block;
    size_t bytes;
} scratch[SCRATCHES];

static void free_scratch(void) {
    for (int i = 0; i < SCRATCHES; i++) {
        system_free(scratch[i].block);
        scratch[i].block = NULL;
        scratch[i].bytes = 0;
    }
}

void *scratch_piece(enum scratch piece, size_t bytes) {
    if (bytes > scratch[piece].bytes || !scratch[piece].block) {
        system_at_thread_end(free_scratch);
        system_free(scratch[piece].block);
        size_t size = class_bytes(class_of(bytes));
        if (HUGE_PAGE > 0 && size >= SCRATCH_ON_HUGE && size < HUGE_FROM) size = HUGE_FROM;
        void *block = system_alloc(size);
        scratch[piece].block = block;
        scratch[piece].bytes = block ? size : 0;
        if (!block) system_out_of_memory(size);
    }
    return scratch[piece].block;
}

void *scratch_memory(size_t bytes) { return scratch_piece(SCRATCH_CALL, bytes); }
