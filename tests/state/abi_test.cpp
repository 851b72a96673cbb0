#include "state/abi.hpp"

#include "tests/support/catch.hpp"

using namespace runnel;

namespace
{
/// Every kind of argument, two of them indexed.
struct Everything
{
    static constexpr std::string_view table = "everything";
    static constexpr std::string_view signature =
        "Everything(uint256,address indexed,string indexed,int24,bool,uint64,string,bytes32)";

    enum class Word : std::uint8_t
    {
        hello,
        longer,
    };
    friend std::string_view to_string(Word value)
    {
        return value == Word::hello ? "hello" : "a text of more than thirty-two bytes";
    }

    Amount amount;
    ContractId contract{};
    Word indexed_text{};
    std::int32_t tick = 0;
    bool flag = false;
    std::uint64_t big = 0;
    Word text{};
    Amount word;
    RUNNEL_FIELDS(amount, contract, indexed_text, tick, flag, big, text, word);
};

struct Approval
{
    static constexpr std::string_view table = "token_approvals";
    static constexpr std::string_view signature =
        "Approval(address indexed,address indexed,uint256)";

    AccountId owner{};
    AccountId spender{};
    Amount value;
    RUNNEL_FIELDS(owner, spender, value);
};

struct Claim
{
    static constexpr std::string_view table = "claims";
    static constexpr std::string_view signature = "Claim(uint256 indexed,address)";

    ContractId id{};
    ContractId currency{};
    RUNNEL_FIELDS(id, currency);
};

AddressBook addresses()
{
    AddressBook book;
    for (std::uint8_t i = 0; i < 3; ++i)
    {
        book.accounts.emplace_back();
        book.accounts.back().bytes.fill(static_cast<std::uint8_t>(0x11 * i));
    }
    book.contract_accounts = {AccountId{0}, AccountId{2}};
    return book;
}

std::string word(const std::string& digits)
{
    return std::string(64 - digits.size(), '0') + digits;
}
std::string text_word(std::string_view text)
{
    const auto digits = to_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return digits + std::string(64 - digits.size(), '0');
}
}  // namespace

TEST_CASE("ABI log: ERC-20's Approval as on mainnet", "[ledger][abi]")
{
    const AbiEvent event{event_type<Approval>};
    Bytes encoded;
    encode(Approval{AccountId{1}, AccountId{2}, Amount::max()}, encoded);
    const auto log = event.log(encoded, addresses());
    REQUIRE(log.topics.size() == 3);
    // Source: keccak-256 of the signature, as every ERC-20 token emits it.
    CHECK(log.topics[0].to_string() ==
          "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925");
    CHECK(to_hex(log.topics[1].bytes) == word(std::string(40, '1')));
    CHECK(to_hex(log.topics[2].bytes) == word(std::string(40, '2')));
    CHECK(to_hex(log.data) == std::string(64, 'f'));
}

// Source: "Contract ABI Specification" of Solidity, sections on events and dynamic types: heads
// first, a string's head is its tail's offset, a tail is the length and padded bytes.
TEST_CASE("ABI log: every kind of argument", "[ledger][abi]")
{
    const AbiEvent event{event_type<Everything>};
    CHECK(event.indexed_count() == 2);
    Bytes encoded;
    encode(Everything{Amount{255}, ContractId{1}, Everything::Word::hello, -2, true, ~0ULL,
               Everything::Word::longer, Amount::max()},
        encoded);
    const auto log = event.log(encoded, addresses());
    REQUIRE(log.topics.size() == 3);
    CHECK(log.topics[0] ==
          keccak256("Everything(uint256,address,string,int24,bool,uint64,string,bytes32)"));
    CHECK(to_hex(log.topics[1].bytes) == word(std::string(40, '2')));
    CHECK(log.topics[2] == keccak256("hello"));
    CHECK(to_hex(log.data) == word("ff") + std::string(63, 'f') + "e" + word("1") +
                                  word("ffffffffffffffff") + word("c0") + std::string(64, 'f') +
                                  word("24") + text_word("a text of more than thirty-two b") +
                                  text_word("ytes"));
}

TEST_CASE(
    "ABI log: a contract may be a number, and native coins are the zero address", "[ledger][abi]")
{
    const AbiEvent event{event_type<Claim>};
    auto book = addresses();
    book.contract_accounts = {AccountId{1}, AccountId{2}};
    const auto log_of = [&](const Claim& claim)
    {
        Bytes encoded;
        encode(claim, encoded);
        return event.log(encoded, book);
    };
    const auto log = log_of({ContractId{1}, native_coin});
    CHECK(to_hex(log.topics[1].bytes) == word(std::string(40, '2')));
    CHECK(to_hex(log.data) == word(""));
    CHECK(to_hex(log_of({native_coin, ContractId{1}}).topics[1].bytes) == word(""));
}
