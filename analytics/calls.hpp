#pragma once

#include "analytics/ledger_names.hpp"
#include "ledger/fields.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runnel
{
struct ContractType;
}

namespace runnel::analytics
{

/// A kind of contract by its name; nullptr of one that this program does not know.
using FindType = std::function<const ContractType*(std::string_view kind)>;

struct CallNode;

/// A field of a call or of an event.
struct Argument
{
    std::string name;   // Of a field within another one: `path.0`.
    std::string value;  // As people read it: `10 WETH`, `alice`.
    std::string raw;    // Digits of a number, an address; empty where the value is all.
    std::string bound;  // Where the value comes from when the call runs: what is here is a guess.
    std::vector<CallNode> calls;  // That run in this callback.
    bool is_callback = false;
};

/// A call with those that run within it.
struct CallNode
{
    std::string contract;  // Its name.
    std::string address;
    std::string kind;
    std::string call;
    std::vector<Argument> arguments;
    std::string unreadable;  // Why the arguments are not there.
};

/// The calls of a transaction's input as the ledger holds it. Input is hostile: what cannot be read
/// says so in its place.
[[nodiscard]] std::vector<CallNode> decode_calls(
    LedgerNames& names, const FindType& find_type, ByteView input);

/// `contract.call` of each, nested ones aside: `router.swap, WETH.approve`.
[[nodiscard]] std::string call_names(const std::vector<CallNode>& calls);

}  // namespace runnel::analytics
