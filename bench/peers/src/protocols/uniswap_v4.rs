//! Uniswap v4: a deep pool around the price 1, without a hook.

use crate::chain::{Chain, power_of_ten};
use crate::operation::{Call, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256, keccak256};

/// A whole token.
const SOME_TOKENS: u64 = 1_000_000_000_000_000_000;
const FEE: u64 = 500;
const SPACING: i32 = 10;
const LAST_TICK: i32 = 887_272;
/// Where the manager keeps its pools, and where in a pool its price and fee growth are.
const POOLS: u64 = 6;

struct World {
    tokens: [Address; 2],
    manager: Address,
    caller: Address,
    /// By direction: where a swap stops at the latest.
    ends: [U256; 2],
}

fn set_up(chain: &mut Chain) -> World {
    let tokens = chain.add_tokens();
    let manager = chain.deploy("PoolManager", &values![chain.deployer]);
    let values = values![manager, tokens[0], tokens[1], FEE, SPACING];
    let caller = chain.deploy("V4Caller", &values);
    for token in tokens {
        chain.give(token, caller, power_of_ten(32));
    }
    let at_ticks = chain.deploy("TickPrices", &[]);
    let mut price_at = |tick: i32| chain.view(at_ticks, "at(int24)", &values![tick])[0];
    let one = U256::from(1);
    let ends = [price_at(LAST_TICK) - one, price_at(-LAST_TICK) + one];
    let price = one << 96;
    chain.deployer_sends(caller, "initialize(uint160)", &values![price]);
    let values = values![-100_000, 100_000, power_of_ten(26)];
    chain.deployer_sends(caller, "addLiquidity(int24,int24,int256)", &values);
    World {
        tokens,
        manager,
        caller,
        ends,
    }
}

pub fn operations() -> Vec<Operation> {
    vec![Operation::new("uniswap_v4.swap", |chain| {
        let World {
            tokens,
            manager,
            caller,
            ends,
        } = set_up(chain);
        let key = crate::abi::encode(&values![tokens[0], tokens[1], FEE, SPACING, Address::ZERO]);
        let place = crate::abi::encode(&values![U256::from_be_bytes(keccak256(key).0), POOLS]);
        let slot = U256::from_be_bytes(keccak256(place).0);
        let at = |offset: u64| values![slot + U256::from(offset)];
        let prices = at(0);
        Ready::new(move |draw| {
            let down = draw.random.below(2) == 0;
            let values = values![down, draw.amount(SOME_TOKENS), ends[usize::from(down)]];
            Call::new(caller, "swap(bool,uint256,uint160)", &values)
        })
        .show("sqrt_price", move |chain| {
            chain.view(manager, "extsload(bytes32)", &prices)[0] & (U256::MAX >> 96)
        })
        .show_view("fee_growth0", manager, "extsload(bytes32)", at(1), 0)
        .show_view("fee_growth1", manager, "extsload(bytes32)", at(2), 0)
        .show_balance("held0", tokens[0], manager)
        .show_balance("held1", tokens[1], manager)
    })]
}
