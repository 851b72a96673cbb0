#pragma once

#include "execution/context.hpp"

namespace runnel::contracts
{

/// A contract with code that runs when it is paid native coins without a call: Solidity's
/// receive().
class NativeReceiver
{
public:
    virtual ~NativeReceiver() = default;

    /// The coins are there already. A refusal undoes the payment.
    virtual Result<void> receive(CallContext& context, AccountId from, const Amount& value) = 0;
    virtual void declare_receive(AccessCollector& access, AccountId from) const = 0;
};

}  // namespace runnel::contracts
