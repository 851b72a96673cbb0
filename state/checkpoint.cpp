#include "state/checkpoint.hpp"

#include <cstring>

namespace runnel
{
namespace
{
// In place of a table's number.
constexpr std::uint32_t accounts_number = 0xFFFF'FFFF;
constexpr std::uint32_t contracts_number = 0xFFFF'FFFE;

struct LaterAccount
{
    AccountId id{};
    Address address;
    Origin origin;
    RUNNEL_FIELDS(id, address, origin);
};

struct LaterContract
{
    ContractId id{};
    ContractId creator{};
    std::string kind;
    Address address;
    Bytes arguments;
    Origin origin;
    RUNNEL_FIELDS(id, creator, kind, address, arguments, origin);
};

bool load_account(LaterAccount account, World& world)
{
    const auto place = index(account.id);
    if (place < world.known_accounts() || place > world.account_count())
        return false;
    if (place < world.account_count())
    {
        if (world.account(account.id).address == account.address)
            return true;
        world.drop_from(place, world.known_contracts());
    }
    return world.name_account(account.address, account.origin) == account.id;
}

bool load_contract(LaterContract contract, World& world)
{
    const auto place = index(contract.id);
    // Its account comes with the accounts.
    if (place < world.known_contracts() || place > world.contract_count() ||
        !world.find_account(contract.address) || world.find_contract(contract.creator) == nullptr)
        return false;
    if (place < world.contract_count())
    {
        const auto& present = world.contract(contract.id);
        if (world.account(present.account()).address == contract.address &&
            present.type().kind == contract.kind &&
            world.deployment(contract.id).arguments == contract.arguments)
            return true;
        world.drop_from(world.account_count(), place);
    }
    const auto* type = world.find_deployable(contract.kind);
    return type != nullptr &&
           world.deploy(contract.address,
               {type, contract.creator, std::move(contract.arguments), contract.origin}) != nullptr;
}

template <typename Later>
bool load_later(Decoder& decoder, World& world, bool (*load)(Later, World&))
{
    while (!decoder.at_end())
    {
        Later later;
        decoder.get(later);
        if (!decoder.ok() || !load(std::move(later), world))
            return false;
    }
    return true;
}
}  // namespace

template <typename Describe>
bool StateParts::next_later(
    std::uint32_t number, std::size_t& done, std::size_t count, Describe&& describe)
{
    if (done == count)
        return false;
    content_.clear();
    Encoder encoder{content_};
    encoder.put(number);
    while (done < count && content_.size() < checkpoint_part_bytes)
        encoder.put(describe(static_cast<std::uint32_t>(done++)));
    return true;
}

std::optional<CheckpointPart> StateParts::next()
{
    const auto account = [this](std::uint32_t id)
    {
        const auto& info = world_.account(AccountId{id});
        return LaterAccount{AccountId{id}, info.address, info.origin};
    };
    const auto contract = [this](std::uint32_t id)
    {
        const auto& made = world_.contract(ContractId{id});
        const auto& deployment = world_.deployment(ContractId{id});
        return LaterContract{ContractId{id}, deployment.creator, std::string{made.type().kind},
            world_.account(made.account()).address, deployment.arguments, deployment.origin};
    };
    if (next_later(accounts_number, account_, world_.account_count(), account) ||
        next_later(contracts_number, contract_, world_.contract_count(), contract))
        return CheckpointPart{state_part_name, content_};
    while (current_ == nullptr || key_ == keys_.size())
    {
        if (table_ == world_.tables().size())
            return std::nullopt;
        current_ = world_.tables()[table_++];
        keys_ = current_->keys();
        key_ = 0;
    }
    content_.clear();
    Encoder encoder{content_};
    encoder.put(current_->number());
    for (; key_ < keys_.size() && content_.size() < checkpoint_part_bytes; ++key_)
    {
        encoder.put(keys_[key_]);
        encoder.put(std::uint16_t{0});
        const auto start = content_.size();
        current_->format().encode(current_->find(keys_[key_]), content_);
        const auto size = content_.size() - start;
        content_[start - 2] = static_cast<std::uint8_t>(size >> 8U);
        content_[start - 1] = static_cast<std::uint8_t>(size);
    }
    return CheckpointPart{state_part_name, content_};
}

void clear_state(World& world)
{
    for (auto* table : world.tables())
    {
        // Not RecordTable::clear(): a record's address is stable, and others may know it.
        for (const auto key : table->keys())
            std::memset(table->make_slot(key), 0, table->format().size);
    }
}

bool StatePartOrder::follows(ByteView part)
{
    Decoder decoder{part};
    std::uint32_t number = 0;
    std::uint64_t first_key = 0;
    decoder.get(number);
    decoder.get(first_key);
    const bool is_later = number == accounts_number || number == contracts_number;
    const auto place = is_later
                           ? std::pair<std::uint64_t, std::uint64_t>{number == contracts_number, 0}
                           : std::pair{std::uint64_t{number} + 2, first_key + 1};
    // Parts of later accounts have no keys to compare: their ids must follow each other.
    const bool follows = place > last_ || (place == last_ && place.second == 0);
    last_ = place;
    return follows;
}

bool load_state_part(ByteView content, World& world)
{
    Decoder decoder{content};
    std::uint32_t number = 0;
    decoder.get(number);
    if (decoder.ok() && number == accounts_number)
        return load_later<LaterAccount>(decoder, world, &load_account);
    if (decoder.ok() && number == contracts_number)
        return load_later<LaterContract>(decoder, world, &load_contract);
    if (!decoder.ok() || number >= world.tables().size())
        return false;
    auto& table = *world.tables()[number];
    while (!decoder.at_end())
    {
        std::uint64_t key = 0;
        std::uint16_t size = 0;
        decoder.get(key);
        decoder.get(size);
        const auto record = decoder.take(size);
        if (!decoder.ok() || !table.accepts(key) ||
            !table.format().decode(record, table.make_slot(key)))
            return false;
    }
    return true;
}

}  // namespace runnel
