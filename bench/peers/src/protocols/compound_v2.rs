//! Compound v2: two markets in which everybody has supplied, entered and borrowed, with COMP for
//! suppliers and borrowers of both. Comptroller and cTokens are behind proxies, as deployed.

use crate::chain::{Chain, power_of_ten, tokens};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256};

/// A millionth.
const SOME_TOKENS: u64 = 1_000_000_000_000;
const SET_PRICE: &str = "setDirectPrice(address,uint256)";

struct World {
    usdc: Address,
    weth: Address,
    oracle: Address,
    c_usdc: Address,
    c_weth: Address,
}

/// So many hundredths, of 10^18.
fn percent(hundredths: u64) -> U256 {
    U256::from(hundredths) * power_of_ten(16)
}

fn set_up(chain: &mut Chain) -> World {
    let deployer = chain.deployer;
    let [usdc, weth] = chain.add_tokens();
    let oracle = chain.deploy("SimplePriceOracle", &[]);
    chain.deployer_sends(oracle, SET_PRICE, &values![usdc, percent(100)]);
    chain.deployer_sends(oracle, SET_PRICE, &values![weth, percent(200_000)]);
    let comptroller = chain.deploy("Unitroller", &[]);
    let code = chain.deploy("Comptroller", &[]);
    let become_pending = "_setPendingImplementation(address)";
    chain.deployer_sends(comptroller, become_pending, &values![code]);
    chain.deployer_sends(code, "_become(address)", &values![comptroller]);
    let incentive = power_of_ten(18) + power_of_ten(18) / U256::from(12);
    for (signature, values) in [
        ("_setPriceOracle(address)", values![oracle]),
        ("_setCloseFactor(uint256)", values![percent(50)]),
        ("_setLiquidationIncentive(uint256)", values![incentive]),
    ] {
        chain.deployer_sends(comptroller, signature, &values);
    }
    chain.return_to_genesis();
    let values = values![percent(2), percent(10), percent(400), percent(80), deployer];
    let rates = chain.deploy("JumpRateModelV2", &values);
    let code = chain.deploy("CErc20Delegate", &[]);
    let [c_usdc, c_weth] = [usdc, weth].map(|token| {
        // A fiftieth of a token is worth a cToken of 8 decimals.
        let rate = U256::from(2) * power_of_ten(26);
        let mut values = values![token, comptroller, rates, rate, "cToken", "cTOK", 8];
        values.extend(values![deployer, code, ""]);
        let market = chain.deploy("CErc20Delegator", &values);
        for (contract, signature, values) in [
            (market, "_setReserveFactor(uint256)", values![percent(10)]),
            (comptroller, "_supportMarket(address)", values![market]),
            (
                comptroller,
                "_setCollateralFactor(address,uint256)",
                values![market, percent(75)],
            ),
            (
                comptroller,
                "_setCompSpeeds(address[],uint256[],uint256[])",
                values![
                    [market].as_slice(),
                    [percent(100)].as_slice(),
                    [percent(100)].as_slice()
                ],
            ),
        ] {
            chain.deployer_sends(contract, signature, &values);
        }
        chain.approve_all(token, market);
        market
    });
    chain.leave_genesis();
    let markets = [c_usdc, c_weth];
    for account in chain.accounts.clone() {
        for (contract, signature, values) in [
            (c_usdc, "mint(uint256)", values![tokens(100_000)]),
            (c_weth, "mint(uint256)", values![tokens(100)]),
            (
                comptroller,
                "enterMarkets(address[])",
                values![markets.as_slice()],
            ),
            (c_usdc, "borrow(uint256)", values![tokens(10_000)]),
        ] {
            chain.send(account, contract, signature, &values);
        }
    }
    World {
        usdc,
        weth,
        oracle,
        c_usdc,
        c_weth,
    }
}

fn on_world(name: &str, make: fn(&World, &mut Draw) -> Call) -> Operation {
    on_world_after(name, |_, _| {}, make)
}

fn on_world_after(
    name: &str,
    prepare: fn(&mut Chain, &World),
    make: fn(&World, &mut Draw) -> Call,
) -> Operation {
    Operation::new(&format!("compound_v2.{name}"), move |chain| {
        let world = set_up(chain);
        prepare(chain, &world);
        let markets = [
            ("usdc", world.usdc, world.c_usdc),
            ("weth", world.weth, world.c_weth),
        ];
        let mut ready = Ready::new(move |draw| make(&world, draw));
        for (name, token, market) in markets {
            for (figure, signature) in [
                ("borrow_index", "borrowIndex()"),
                ("total_borrows", "totalBorrows()"),
                ("total_reserves", "totalReserves()"),
                ("total_supply", "totalSupply()"),
            ] {
                ready = ready.show_view(format!("{name}.{figure}"), market, signature, vec![], 0);
            }
            ready = ready.show_balance(format!("{name}.cash"), token, market);
        }
        ready
    })
}

/// Of an amount, in the market of USDC.
fn some(world: &World, signature: &str, draw: &mut Draw) -> Call {
    let values = values![draw.amount(SOME_TOKENS)];
    Call::new(world.c_usdc, signature, &values)
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_world("mint", |world, draw| some(world, "mint(uint256)", draw)),
        on_world("redeemUnderlying", |world, draw| {
            some(world, "redeemUnderlying(uint256)", draw)
        }),
        on_world("borrow", |world, draw| some(world, "borrow(uint256)", draw)),
        on_world("repayBorrow", |world, draw| {
            some(world, "repayBorrow(uint256)", draw)
        }),
        on_world("accrueInterest", |world, _| {
            Call::new(world.c_usdc, "accrueInterest()", &[])
        }),
        on_world_after("liquidateBorrow", make_unhealthy, liquidate),
    ]
}

/// What everybody owes once WETH is worth nothing is more than his USDC secures.
fn make_unhealthy(chain: &mut Chain, world: &World) {
    for account in chain.accounts.clone() {
        chain.send(
            account,
            world.c_usdc,
            "borrow(uint256)",
            &values![tokens(70_000)],
        );
    }
    let nearly_nothing = power_of_ten(10);
    chain.deployer_sends(
        world.oracle,
        SET_PRICE,
        &values![world.weth, nearly_nothing],
    );
}

fn liquidate(world: &World, draw: &mut Draw) -> Call {
    if draw.somebody == draw.sender {
        draw.somebody = 0;
    }
    if draw.somebody == draw.sender {
        draw.sender = 1;
    }
    let values = values![draw.somebody(), draw.amount(SOME_TOKENS), world.c_usdc];
    Call::new(
        world.c_usdc,
        "liquidateBorrow(address,uint256,address)",
        &values,
    )
}
