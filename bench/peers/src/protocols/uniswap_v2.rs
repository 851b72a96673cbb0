//! Uniswap v2: two deep pairs, and accounts that hold their tokens and shares of the first.

use crate::chain::{Chain, power_of_ten};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256};

/// Smallest units.
const SOME_TOKENS: u64 = 1_000_000;

struct World {
    tokens: [Address; 3],
    pair: Address,
    router: Address,
    caller: Address,
}

fn set_up(chain: &mut Chain) -> World {
    let tokens = chain.add_tokens();
    let deployer = chain.deployer;
    let factory = chain.deploy("UniswapV2Factory", &values![deployer]);
    let wrapped = chain.deploy("WETH9", &[]);
    let router = chain.deploy("UniswapV2Router02", &values![factory, wrapped]);
    let caller = chain.deploy("PairCaller", &[]);
    let mut pairs = [Address::ZERO; 2];
    for (side, pair) in pairs.iter_mut().enumerate() {
        let values = values![tokens[side], tokens[side + 1]];
        chain.deployer_sends(factory, "createPair(address,address)", &values);
        *pair = chain.address(factory, "getPair(address,address)", &values);
        for token in &tokens[side..side + 2] {
            chain.give(*token, *pair, power_of_ten(24));
        }
        chain.deployer_sends(*pair, "mint(address)", &values![deployer]);
    }
    chain.give(tokens[0], caller, power_of_ten(30));
    for account in chain.accounts.clone() {
        chain.give(pairs[0], account, power_of_ten(18));
    }
    for token in tokens.into_iter().chain([pairs[0]]) {
        chain.approve_all(token, router);
    }
    let pair = pairs[0];
    World {
        tokens,
        pair,
        router,
        caller,
    }
}

fn on_world(name: &str, make: fn(&World, &mut Draw) -> Call) -> Operation {
    Operation::new(&format!("uniswap_v2.{name}"), move |chain| {
        let world = set_up(chain);
        let pair = world.pair;
        let mut ready = Ready::new(move |draw| make(&world, draw));
        for (side, name) in ["reserve0", "reserve1"].into_iter().enumerate() {
            ready = ready.show_view(name, pair, "getReserves()", vec![], side);
        }
        ready.show_view("shares", pair, "totalSupply()", vec![], 0)
    })
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_world("swap", swap),
        on_world("swapExactTokensForTokens", |world, draw| {
            swap_along(world, draw, &world.tokens[..2])
        }),
        on_world("swapExactTokensForTokens_two_hops", |world, draw| {
            swap_along(world, draw, &world.tokens)
        }),
        on_world("addLiquidity", add_liquidity),
        on_world("removeLiquidity", remove_liquidity),
    ]
}

/// Pays the pair and asks for one unit of the other token.
fn swap(world: &World, draw: &mut Draw) -> Call {
    let paid = draw.amount(SOME_TOKENS);
    let [token, ..] = world.tokens;
    let values = values![token, world.pair, paid, 0, 1, draw.from()];
    let signature = "swap(address,address,uint256,uint256,uint256,address)";
    Call::new(world.caller, signature, &values)
}

fn swap_along(world: &World, draw: &mut Draw, path: &[Address]) -> Call {
    let values = values![draw.amount(SOME_TOKENS), 1, path, draw.from(), U256::MAX];
    let signature = "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)";
    Call::new(world.router, signature, &values)
}

fn add_liquidity(world: &World, draw: &mut Draw) -> Call {
    let [a, b, _] = world.tokens;
    let amount = draw.amount(SOME_TOKENS);
    let values = values![a, b, amount, amount, 0, 0, draw.from(), U256::MAX];
    let signature = "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)";
    Call::new(world.router, signature, &values)
}

fn remove_liquidity(world: &World, draw: &mut Draw) -> Call {
    let [a, b, _] = world.tokens;
    let values = values![a, b, draw.amount(SOME_TOKENS), 0, 0, draw.from(), U256::MAX];
    let signature = "removeLiquidity(address,address,uint256,uint256,uint256,address,uint256)";
    Call::new(world.router, signature, &values)
}
