#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/// Keccak-f[1600] over words of one state, or over vectors that hold a word of several states each.
///
/// Only the files that compute one KeccakPath include this. They are compiled for different
/// processors, so all of it is in an unnamed namespace: no linker may take one's for another's. For
/// the same reason nothing here calls an inline function of the standard library, and arrays are
/// bare.
// NOLINTBEGIN(modernize-avoid-c-arrays)
namespace
{

/// Words of a block, for digests of 256 bits.
constexpr std::size_t keccak_rate_words = 17;
constexpr std::size_t keccak_state_words = 25;

/// FIPS 202, 3.2.5: what iota adds in each round.
constexpr std::uint64_t keccak_round_constants[24] = {0x0000000000000001, 0x0000000000008082,
    0x800000000000808A, 0x8000000080008000, 0x000000000000808B, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B,
    0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080,
    0x0000000080000001, 0x8000000080008008};

/// FIPS 202, table 2 modulo 64: by how many bits rho rotates the word at (x, y), at x + 5 y.
constexpr unsigned keccak_rotations[keccak_state_words] = {
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14};

template <unsigned bits, typename Word>
[[gnu::always_inline]] inline Word keccak_rotate(Word word)
{
    if constexpr (bits == 0)
        return word;
    else
        return word << bits | word >> (64 - bits);
}

template <typename Word>
[[gnu::always_inline]] inline Word keccak_chi(Word a, Word b, Word c)
{
    return a ^ (~b & c);
}

/// rho, pi and chi of row @p y: pi moves the word at (x, x') into row y where x = x' + 3 y.
template <unsigned y, typename Word>
[[gnu::always_inline]] inline void keccak_row(Word* out, const Word* in, const Word* theta)
{
    constexpr unsigned x0 = 3 * y % 5;
    constexpr unsigned x1 = (x0 + 1) % 5;
    constexpr unsigned x2 = (x0 + 2) % 5;
    constexpr unsigned x3 = (x0 + 3) % 5;
    constexpr unsigned x4 = (x0 + 4) % 5;
    // Each word is used as soon as it is there: there are not registers for all of them.
    const Word b0 = keccak_rotate<keccak_rotations[x0]>(in[x0] ^ theta[x0]);
    const Word b1 = keccak_rotate<keccak_rotations[x1 + 5]>(in[x1 + 5] ^ theta[x1]);
    const Word b2 = keccak_rotate<keccak_rotations[x2 + 10]>(in[x2 + 10] ^ theta[x2]);
    out[5 * y] = keccak_chi(b0, b1, b2);
    const Word b3 = keccak_rotate<keccak_rotations[x3 + 15]>(in[x3 + 15] ^ theta[x3]);
    out[5 * y + 1] = keccak_chi(b1, b2, b3);
    const Word b4 = keccak_rotate<keccak_rotations[x4 + 20]>(in[x4 + 20] ^ theta[x4]);
    out[5 * y + 2] = keccak_chi(b2, b3, b4);
    out[5 * y + 3] = keccak_chi(b3, b4, b0);
    out[5 * y + 4] = keccak_chi(b4, b0, b1);
}

template <typename Word>
[[gnu::always_inline]] inline Word keccak_column(const Word* in, unsigned x)
{
    return in[x] ^ in[x + 5] ^ in[x + 10] ^ in[x + 15] ^ in[x + 20];
}

template <typename Word>
[[gnu::always_inline]] inline void keccak_round(Word* out, const Word* in, std::uint64_t constant)
{
    const Word c0 = keccak_column(in, 0);
    const Word c1 = keccak_column(in, 1);
    const Word c2 = keccak_column(in, 2);
    const Word c3 = keccak_column(in, 3);
    const Word c4 = keccak_column(in, 4);
    const Word theta[5] = {c4 ^ keccak_rotate<1>(c1), c0 ^ keccak_rotate<1>(c2),
        c1 ^ keccak_rotate<1>(c3), c2 ^ keccak_rotate<1>(c4), c3 ^ keccak_rotate<1>(c0)};
    keccak_row<0>(out, in, theta);
    out[0] ^= Word{} + constant;
    keccak_row<1>(out, in, theta);
    keccak_row<2>(out, in, theta);
    keccak_row<3>(out, in, theta);
    keccak_row<4>(out, in, theta);
}

template <typename Word>
[[gnu::always_inline]] inline void keccak_permute(Word (&state)[keccak_state_words])
{
    Word other[keccak_state_words];
    for (unsigned round = 0; round < 24; round += 2)
    {
        keccak_round(other, state, keccak_round_constants[round]);
        keccak_round(state, other, keccak_round_constants[round + 1]);
    }
}

/// Adds a block to one state, which starts as zeros if @p keep is 0 instead of all ones, and
/// permutes it.
[[gnu::always_inline]] inline void keccak_absorb_one(
    std::uint64_t* state, const std::uint8_t* block, std::uint64_t keep)
{
    std::uint64_t words[keccak_state_words];
    for (std::size_t i = 0; i < keccak_state_words; ++i)
        words[i] = state[i] & keep;
    for (std::size_t i = 0; i < keccak_rate_words; ++i)
    {
        std::uint64_t word;
        std::memcpy(&word, block + 8 * i, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        words[i] ^= word;
    }
    keccak_permute(words);
    std::memcpy(state, words, sizeof words);
}

/// The same for as many states as a word has lanes. @p add_blocks adds each lane's block to it.
template <typename Word, typename AddBlocks>
[[gnu::always_inline]] inline void keccak_absorb_lanes(
    std::uint64_t* state, const std::uint64_t* keep, AddBlocks add_blocks)
{
    Word words[keccak_state_words];
    std::memcpy(words, state, sizeof words);
    Word mask;
    std::memcpy(&mask, keep, sizeof mask);
    for (auto& word : words)
        word &= mask;
    add_blocks(words);
    keccak_permute(words);
    std::memcpy(state, words, sizeof words);
}

/// Adds words 0 to 15 and 16 of four blocks to the states.
template <typename Word>
[[gnu::always_inline]] inline void keccak_add_four_blocks(
    Word (&words)[keccak_state_words], const std::uint8_t* const* blocks)
{
    for (std::size_t first = 0; first < 16; first += 4)
    {
        Word rows[4];
        for (std::size_t lane = 0; lane < 4; ++lane)
            std::memcpy(&rows[lane], blocks[lane] + 8 * first, sizeof(Word));
        const Word even01 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 2, 6);
        const Word odd01 = __builtin_shufflevector(rows[0], rows[1], 1, 5, 3, 7);
        const Word even23 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 2, 6);
        const Word odd23 = __builtin_shufflevector(rows[2], rows[3], 1, 5, 3, 7);
        words[first] ^= __builtin_shufflevector(even01, even23, 0, 1, 4, 5);
        words[first + 1] ^= __builtin_shufflevector(odd01, odd23, 0, 1, 4, 5);
        words[first + 2] ^= __builtin_shufflevector(even01, even23, 2, 3, 6, 7);
        words[first + 3] ^= __builtin_shufflevector(odd01, odd23, 2, 3, 6, 7);
    }
    std::uint64_t last[4];
    for (std::size_t lane = 0; lane < 4; ++lane)
        std::memcpy(&last[lane], blocks[lane] + 128, sizeof last[lane]);
    words[16] ^= Word{last[0], last[1], last[2], last[3]};
}

// NOLINTEND(modernize-avoid-c-arrays)
}  // namespace
