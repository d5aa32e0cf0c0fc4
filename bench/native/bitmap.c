/* The loops that the managed bitmap is measured against. Compiled by the benchmarks themselves, with
 * cc -O3 -march=native -shared -fPIC; nothing of it is shipped. */
#include <stddef.h>
#include <stdint.h>

uint64_t bitmap_or_count(uint64_t *restrict into, const uint64_t *restrict from, size_t words)
{
    uint64_t added = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t before = into[i];
        uint64_t after = before | from[i];
        added += (uint64_t)__builtin_popcountll(before ^ after);
        into[i] = after;
    }
    return added;
}

/* The report begins at bit `shift` (1 to 63) of the target, which has one word more. */
uint64_t bitmap_or_count_shifted(uint64_t *restrict into, const uint64_t *restrict from, size_t words, int shift)
{
    uint64_t added = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i <= words; i++) {
        uint64_t bits = i < words ? from[i] : 0;
        uint64_t before = into[i];
        uint64_t after = before | bits << shift | carry;
        added += (uint64_t)__builtin_popcountll(before ^ after);
        into[i] = after;
        carry = bits >> (64 - shift);
    }
    return added;
}

uint64_t bitmap_count(const uint64_t *words, size_t count)
{
    uint64_t set = 0;
    for (size_t i = 0; i < count; i++)
        set += (uint64_t)__builtin_popcountll(words[i]);
    return set;
}

uint64_t bitmap_drain(uint64_t *from, uint64_t *restrict into, size_t words)
{
    uint64_t added = 0;
    for (size_t i = 0; i < words; i++) {
        if (__atomic_load_n(&from[i], __ATOMIC_RELAXED) == 0)
            continue;
        uint64_t taken = __atomic_exchange_n(&from[i], 0, __ATOMIC_ACQ_REL);
        uint64_t before = into[i];
        added += (uint64_t)__builtin_popcountll(taken & ~before);
        into[i] = before | taken;
    }
    return added;
}

/* The first bit of [from, end) that differs from those of `flip`, or end. */
static size_t find(const uint64_t *words, size_t from, size_t end, uint64_t flip)
{
    if (from >= end)
        return end;
    size_t word = from / 64;
    size_t last = (end - 1) / 64;
    uint64_t bits = (words[word] ^ flip) & ~(uint64_t)0 << (from % 64);
    while (bits == 0) {
        if (++word > last)
            return end;
        bits = words[word] ^ flip;
    }
    size_t found = word * 64 + (size_t)__builtin_ctzll(bits);
    return found < end ? found : end;
}

/* Visits every run of set bits; gives a sum over the runs' places and lengths, so that each has to be known. */
uint64_t bitmap_runs(const uint64_t *words, size_t bits)
{
    uint64_t sum = 0;
    for (size_t first = find(words, 0, bits, 0); first < bits;) {
        size_t end = find(words, first, bits, ~(uint64_t)0);
        sum += first ^ (end - first);
        first = find(words, end, bits, 0);
    }
    return sum;
}

/* Each bit of `from` stands for `ratio` bits (a power of two) of `into`. */
uint64_t bitmap_widen(uint64_t *restrict into, const uint64_t *restrict from, size_t bits, size_t ratio)
{
    uint64_t added = 0;
    for (size_t i = 0; i < bits; i++) {
        if ((from[i / 64] >> (i % 64) & 1) == 0)
            continue;
        if (ratio < 64) {
            uint64_t mask = (((uint64_t)1 << ratio) - 1) << (i * ratio % 64);
            added += (uint64_t)__builtin_popcountll(mask & ~into[i * ratio / 64]);
            into[i * ratio / 64] |= mask;
            continue;
        }
        for (size_t word = i * (ratio / 64); word < (i + 1) * (ratio / 64); word++) {
            added += (uint64_t)__builtin_popcountll(~into[word]);
            into[word] = ~(uint64_t)0;
        }
    }
    return added;
}

/* Each `ratio` bits (a power of two) of `from` are one bit of `into`. */
uint64_t bitmap_narrow(uint64_t *restrict into, const uint64_t *restrict from, size_t words, size_t ratio)
{
    uint64_t added = 0;
    for (size_t i = 0; i < words; i++) {
        for (uint64_t bits = from[i]; bits != 0; bits &= bits - 1) {
            size_t bit = (i * 64 + (size_t)__builtin_ctzll(bits)) / ratio;
            uint64_t mask = (uint64_t)1 << (bit % 64);
            added += (into[bit / 64] & mask) == 0;
            into[bit / 64] |= mask;
        }
    }
    return added;
}
