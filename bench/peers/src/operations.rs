//! What is measured: each operation's transactions, and what they must have changed.

use crate::abi::{call, word};
use crate::world::{GAS_PRICE, World};
use revm::context::TxEnv;
use revm::primitives::{Address, Bytes, U256};

/// Far away; the router only compares it.
const DEADLINE: U256 = U256::MAX;

/// Draws that need no quality, only to be the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// Something that a transaction changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Probe {
    Coins(Address),
    /// What a contract answers to a call.
    View(Address, Bytes),
}

pub enum Change {
    By(i128),
    To(U256),
}

pub type Effects = Vec<(Probe, Change)>;

pub struct Operation {
    /// As in `runnel bench contracts`.
    pub name: &'static str,
    /// One transaction of account `sender`, and what it changes whenever it runs.
    pub make: fn(&mut World, usize, &mut Random) -> (TxEnv, Effects),
}

pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "native.transfer",
        make: native_transfer,
    },
    Operation {
        name: "erc20.transfer",
        make: transfer,
    },
    Operation {
        name: "erc20.approve",
        make: approve,
    },
    Operation {
        name: "erc20.transferFrom",
        make: transfer_from,
    },
    Operation {
        name: "uniswap_v2.swap",
        make: swap,
    },
    Operation {
        name: "uniswap_v2.swapExactTokensForTokens",
        make: router_swap,
    },
    Operation {
        name: "uniswap_v2.swapExactTokensForTokens_two_hops",
        make: router_swap_two_hops,
    },
    Operation {
        name: "uniswap_v2.addLiquidity",
        make: add_liquidity,
    },
    Operation {
        name: "uniswap_v2.removeLiquidity",
        make: remove_liquidity,
    },
];

fn somebody(world: &World, random: &mut Random) -> Address {
    world.accounts[random.below(world.accounts.len() as u64) as usize]
}

fn small_amount(random: &mut Random) -> u64 {
    1 + random.below(1_000)
}

fn swapped_amount(random: &mut Random) -> u64 {
    1_000_000 + random.below(1_000_000)
}

fn balance(token: Address, holder: Address) -> Probe {
    Probe::View(token, call("balanceOf(address)", &[word(holder)]))
}

fn moved(token: Address, from: Address, to: Address, amount: u64) -> Effects {
    let amount = i128::from(amount);
    vec![
        (balance(token, from), Change::By(-amount)),
        (balance(token, to), Change::By(amount)),
    ]
}

fn native_transfer(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (from, to) = (world.accounts[sender], somebody(world, random));
    let value = small_amount(random);
    let fee = 21_000 * i128::from(GAS_PRICE);
    let effects = vec![
        (Probe::Coins(from), Change::By(-i128::from(value) - fee)),
        (Probe::Coins(to), Change::By(i128::from(value))),
    ];
    (world.transaction(sender, to, value, Bytes::new()), effects)
}

fn transfer(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (token, from) = (world.tokens[0], world.accounts[sender]);
    let (to, amount) = (somebody(world, random), small_amount(random));
    let data = call("transfer(address,uint256)", &[word(to), U256::from(amount)]);
    (
        world.transaction(sender, token, 0, data),
        moved(token, from, to, amount),
    )
}

fn approve(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (token, owner) = (world.tokens[0], word(world.accounts[sender]));
    let spender = word(world.accounts[(sender + 1) % world.accounts.len()]);
    let allowance = U256::from(10).pow(U256::from(30)) + U256::from(small_amount(random));
    let data = call("approve(address,uint256)", &[spender, allowance]);
    let probe = Probe::View(token, call("allowance(address,address)", &[owner, spender]));
    (
        world.transaction(sender, token, 0, data),
        vec![(probe, Change::To(allowance))],
    )
}

fn transfer_from(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (token, count) = (world.tokens[0], world.accounts.len());
    let owner = world.accounts[(sender + count - 1) % count];
    let (to, amount) = (somebody(world, random), small_amount(random));
    let words = [word(owner), word(to), U256::from(amount)];
    let data = call("transferFrom(address,address,uint256)", &words);
    (
        world.transaction(sender, token, 0, data),
        moved(token, owner, to, amount),
    )
}

/// Pays the pair and asks for one unit of the other token, as `runnel bench contracts` does.
fn swap(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let [paid, bought, _] = world.tokens;
    let (pair, account) = (world.pairs[0], world.accounts[sender]);
    let (out0, out1) = if bought < paid { (1, 0) } else { (0, 1) };
    let amount_in = swapped_amount(random);
    let words = [
        word(paid),
        word(pair),
        U256::from(amount_in),
        U256::from(out0),
        U256::from(out1),
        word(account),
    ];
    let data = call(
        "swap(address,address,uint256,uint256,uint256,address)",
        &words,
    );
    let mut effects = moved(paid, world.pair_caller, pair, amount_in);
    effects.extend(moved(bought, pair, account, 1));
    (
        world.transaction(sender, world.pair_caller, 0, data),
        effects,
    )
}

/// What comes out depends on the transactions before; what goes in does not.
fn router_swap_along(
    world: &mut World,
    sender: usize,
    path: &[Address],
    random: &mut Random,
) -> (TxEnv, Effects) {
    let (account, amount_in) = (world.accounts[sender], swapped_amount(random));
    let mut words = vec![
        U256::from(amount_in),
        U256::from(1),
        U256::from(5 * 32),
        word(account),
        DEADLINE,
        U256::from(path.len()),
    ];
    words.extend(path.iter().map(|token| word(*token)));
    let data = call(
        "swapExactTokensForTokens(uint256,uint256,address[],address,uint256)",
        &words,
    );
    let effects = moved(path[0], account, world.pairs[0], amount_in);
    (world.transaction(sender, world.router, 0, data), effects)
}

fn router_swap(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let path = [world.tokens[0], world.tokens[1]];
    router_swap_along(world, sender, &path, random)
}

fn router_swap_two_hops(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let path = world.tokens;
    router_swap_along(world, sender, &path, random)
}

/// Reserves are equal and stay so: equal amounts are taken in full.
fn add_liquidity(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (account, pair) = (world.accounts[sender], world.pairs[0]);
    let [token_a, token_b, _] = world.tokens;
    let amount = swapped_amount(random);
    let words = [
        word(token_a),
        word(token_b),
        U256::from(amount),
        U256::from(amount),
        U256::ZERO,
        U256::ZERO,
        word(account),
        DEADLINE,
    ];
    let data = call(
        "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)",
        &words,
    );
    let mut effects = moved(token_a, account, pair, amount);
    effects.extend(moved(token_b, account, pair, amount));
    (world.transaction(sender, world.router, 0, data), effects)
}

fn remove_liquidity(world: &mut World, sender: usize, random: &mut Random) -> (TxEnv, Effects) {
    let (account, liquidity) = (world.accounts[sender], swapped_amount(random));
    let words = [
        word(world.tokens[0]),
        word(world.tokens[1]),
        U256::from(liquidity),
        U256::ZERO,
        U256::ZERO,
        word(account),
        DEADLINE,
    ];
    let data = call(
        "removeLiquidity(address,address,uint256,uint256,uint256,address,uint256)",
        &words,
    );
    let burnt = (
        balance(world.pairs[0], account),
        Change::By(-i128::from(liquidity)),
    );
    (
        world.transaction(sender, world.router, 0, data),
        vec![burnt],
    )
}
