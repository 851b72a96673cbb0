//! Uniswap v3: a deep pool of the 0.3% tier, with a position that ends at every tick of its grid
//! around the price.

use crate::chain::{Chain, power_of_ten};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256};
use std::collections::HashMap;

/// Smallest units.
const SOME_TOKENS: u64 = 1_000_000;
const FEE: u64 = 3_000;
const SPACING: i32 = 60;
const START: i32 = SPACING / 2;
const LAST_TICK: i32 = 887_220;

struct World {
    tokens: [Address; 2],
    pool: Address,
    router: Address,
    manager: Address,
    caller: Address,
    /// By tick.
    prices: HashMap<i32, U256>,
    /// Of the transaction.
    number: u64,
}

fn set_up(chain: &mut Chain) -> World {
    let tokens = chain.add_tokens();
    let factory = chain.deploy("UniswapV3Factory", &[]);
    let wrapped = chain.deploy("WETH9", &[]);
    let router = chain.deploy("SwapRouter", &values![factory, wrapped]);
    let values = values![factory, wrapped, Address::ZERO];
    let manager = chain.deploy("NonfungiblePositionManager", &values);
    let values = values![tokens[0], tokens[1], FEE];
    chain.deployer_sends(factory, "createPool(address,address,uint24)", &values);
    let pool = chain.address(factory, "getPool(address,address,uint24)", &values);
    let at_ticks = chain.deploy("TickPrices", &[]);
    let ticks = [START, START + SPACING, START + 10 * SPACING];
    let prices: HashMap<_, _> = ticks
        .into_iter()
        .chain([-LAST_TICK, LAST_TICK])
        .map(|tick| (tick, chain.view(at_ticks, "at(int24)", &values![tick])[0]))
        .collect();
    chain.deployer_sends(pool, "initialize(uint160)", &values![prices[&START]]);
    let caller = chain.deploy("V3Caller", &values![pool]);
    for token in tokens {
        chain.give(token, caller, power_of_ten(32));
        for spender in [router, manager] {
            chain.approve_all(token, spender);
        }
    }
    let mut provide = |lower: i32, upper: i32, liquidity: U256| {
        let values = values![lower, upper, liquidity];
        chain.deployer_sends(caller, "mint(int24,int24,uint128)", &values);
    };
    provide(-LAST_TICK, LAST_TICK, power_of_ten(22));
    for place in -20..=20 {
        provide(place * SPACING, (place + 1) * SPACING, power_of_ten(20));
    }
    World {
        tokens,
        pool,
        router,
        manager,
        caller,
        prices,
        number: 0,
    }
}

fn on_world(name: &str, make: fn(&World, &mut Draw) -> Call) -> Operation {
    Operation::new(&format!("uniswap_v3.{name}"), move |chain| {
        let mut world = set_up(chain);
        let (pool, tokens) = (world.pool, world.tokens);
        let mut ready = Ready::new(move |draw| {
            let call = make(&world, draw);
            world.number += 1;
            call
        });
        for (name, signature) in [
            ("sqrt_price", "slot0()"),
            ("liquidity", "liquidity()"),
            ("fee_growth0", "feeGrowthGlobal0X128()"),
            ("fee_growth1", "feeGrowthGlobal1X128()"),
        ] {
            ready = ready.show_view(name, pool, signature, vec![], 0);
        }
        ready
            .show_balance("held0", tokens[0], pool)
            .show_balance("held1", tokens[1], pool)
    })
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_world("swap_in_range", |world, draw| {
            let down = world.number.is_multiple_of(2);
            let end = if down { -LAST_TICK } else { LAST_TICK };
            swap(world, down, draw.amount(SOME_TOKENS), end)
        }),
        on_world("swap_across_1_tick", |world, _| swap_across(world, 1)),
        on_world("swap_across_10_ticks", |world, _| swap_across(world, 10)),
        on_world("mint_burn_collect", |world, draw| {
            let values = values![-600, 660, draw.amount(SOME_TOKENS)];
            let signature = "mintAndBurn(int24,int24,uint128)";
            Call::new(world.caller, signature, &values)
        }),
        on_world("exactInputSingle", exact_input_single),
        on_world("mint_position", mint_position),
    ]
}

fn swap(world: &World, down: bool, amount: U256, end: i32) -> Call {
    let values = values![down, amount, world.prices[&end]];
    Call::new(world.caller, "swap(bool,int256,uint160)", &values)
}

/// To and fro between two prices with so many ticks between them.
fn swap_across(world: &World, count: i32) -> Call {
    let up = world.number.is_multiple_of(2);
    let end = if up { START + count * SPACING } else { START };
    swap(world, !up, power_of_ten(28), end)
}

fn exact_input_single(world: &World, draw: &mut Draw) -> Call {
    let [mut token_in, mut token_out] = world.tokens;
    if !world.number.is_multiple_of(2) {
        std::mem::swap(&mut token_in, &mut token_out);
    }
    let from = draw.from();
    let amount = draw.amount(SOME_TOKENS);
    let values = values![token_in, token_out, FEE, from, U256::MAX, amount, 1, 0];
    let signature =
        "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))";
    Call::new(world.router, signature, &values)
}

fn mint_position(world: &World, draw: &mut Draw) -> Call {
    let [token0, token1] = world.tokens;
    let amount = draw.amount(SOME_TOKENS);
    let (lower, upper) = (-600, 660);
    let from = draw.from();
    let values = values![
        token0,
        token1,
        FEE,
        lower,
        upper,
        amount,
        amount,
        0,
        0,
        from,
        U256::MAX
    ];
    let signature = "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))";
    Call::new(world.manager, signature, &values)
}
