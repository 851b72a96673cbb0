//! Aave v3: three reserves. Every account has 100 WETH and 100,000 DAI as collateral and owes
//! 200,000 USDC. All behind proxies, as deployed; prices by the oracle that asks a feed for each.

use crate::abi::{Value, address};
use crate::chain::{ACCOUNT_COUNT, Chain, power_of_ten, tokens};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256};

/// A thousandth.
const SOME_TOKENS: u64 = 1_000_000_000_000_000;
/// Where `getReserveData` answers what.
const LIQUIDITY_INDEX: usize = 1;
const VARIABLE_BORROW_INDEX: usize = 3;
const A_TOKEN: usize = 8;
const VARIABLE_DEBT_TOKEN: usize = 10;
const VARIABLE_RATE: u64 = 2;

struct World {
    usdc: Address,
    weth: Address,
    dai: Address,
    pool: Address,
    oracle: Address,
}

fn dollars(whole: u64) -> U256 {
    U256::from(whole) * power_of_ten(8)
}

fn ray_share(bps: u64) -> U256 {
    power_of_ten(27) * U256::from(bps) / U256::from(10_000)
}

fn add_feeds(chain: &mut Chain, prices: &[u64]) -> Vec<Address> {
    prices
        .iter()
        .map(|price| chain.deploy("MockAggregator", &values![dollars(*price)]))
        .collect()
}

fn set_up(chain: &mut Chain) -> World {
    let deployer = chain.deployer;
    let [usdc, weth, dai] = chain.add_tokens();
    let assets = [usdc, weth, dai];
    let provider = chain.deploy("PoolAddressesProvider", &values!["market", deployer]);
    for (role, contract) in [
        ("setPoolImpl(address)", "Pool"),
        ("setPoolConfiguratorImpl(address)", "PoolConfigurator"),
    ] {
        let values = if contract == "Pool" {
            values![provider]
        } else {
            vec![]
        };
        let code = chain.deploy(contract, &values);
        if contract == "Pool" {
            chain.deployer_sends(code, "initialize(address)", &values![provider]);
        }
        chain.deployer_sends(provider, role, &values![code]);
    }
    let pool = chain.address(provider, "getPool()", &[]);
    let configurator = chain.address(provider, "getPoolConfigurator()", &[]);
    chain.deployer_sends(provider, "setACLAdmin(address)", &values![deployer]);
    let roles = chain.deploy("ACLManager", &values![provider]);
    chain.deployer_sends(provider, "setACLManager(address)", &values![roles]);
    chain.deployer_sends(roles, "addPoolAdmin(address)", &values![deployer]);
    let feeds = add_feeds(chain, &[1, 2_000, 1]);
    let values = values![
        provider,
        assets.as_slice(),
        feeds.as_slice(),
        Address::ZERO,
        Address::ZERO,
        dollars(1)
    ];
    let oracle = chain.deploy("AaveOracle", &values);
    chain.deployer_sends(provider, "setPriceOracle(address)", &values![oracle]);
    add_reserves(chain, provider, pool, configurator, &assets);
    for token in assets {
        chain.approve_all(token, pool);
    }
    chain.approve(deployer, usdc, pool);
    let world = World {
        usdc,
        weth,
        dai,
        pool,
        oracle,
    };
    supply(
        chain,
        &world,
        deployer,
        usdc,
        tokens(400_000 * ACCOUNT_COUNT as u64),
    );
    for account in chain.accounts.clone() {
        supply(chain, &world, account, weth, tokens(100));
        supply(chain, &world, account, dai, tokens(100_000));
        let borrow = borrow(&world, account, tokens(200_000));
        chain.send_call(account, borrow);
    }
    world
}

fn add_reserves(
    chain: &mut Chain,
    provider: Address,
    pool: Address,
    configurator: Address,
    assets: &[Address],
) {
    let strategy = chain.deploy(
        "DefaultReserveInterestRateStrategy",
        &values![
            provider,
            ray_share(8_000),
            0,
            ray_share(400),
            ray_share(7_500),
            0,
            0,
            0,
            0,
            power_of_ten(27)
        ],
    );
    let code = ["AToken", "StableDebtToken", "VariableDebtToken"]
        .map(|token| chain.deploy(token, &values![pool]));
    let treasury = Address::repeat_byte(0x7e);
    let reserves: Vec<_> = assets
        .iter()
        .map(|asset| {
            let mut reserve = values![
                code[0],
                code[1],
                code[2],
                18,
                strategy,
                *asset,
                treasury,
                Address::ZERO
            ];
            reserve.extend(values!["aToken", "a", "debt", "d", "stable debt", "s", ""]);
            Value::Tuple(reserve)
        })
        .collect();
    let reserve_type = "(address,address,address,uint8,address,address,address,address,\
                        string,string,string,string,string,string,bytes)";
    let signature = format!("initReserves({reserve_type}[])");
    chain.deployer_sends(configurator, &signature, &[Value::Array(reserves)]);
    for asset in assets {
        let asset = *asset;
        for (signature, values) in [
            (
                "configureReserveAsCollateral(address,uint256,uint256,uint256)",
                values![asset, 7_500, 8_000, 10_500],
            ),
            ("setReserveBorrowing(address,bool)", values![asset, true]),
            ("setReserveFlashLoaning(address,bool)", values![asset, true]),
            ("setReserveFactor(address,uint256)", values![asset, 1_000]),
            (
                "setLiquidationProtocolFee(address,uint256)",
                values![asset, 1_000],
            ),
        ] {
            chain.deployer_sends(configurator, signature, &values);
        }
    }
}

fn supply(chain: &mut Chain, world: &World, account: Address, token: Address, amount: U256) {
    let values = values![token, amount, account, 0];
    let signature = "supply(address,uint256,address,uint16)";
    chain.send(account, world.pool, signature, &values);
}

fn borrow(world: &World, account: Address, amount: U256) -> Call {
    let values = values![world.usdc, amount, VARIABLE_RATE, 0, account];
    let signature = "borrow(address,uint256,uint256,uint16,address)";
    Call::new(world.pool, signature, &values)
}

fn on_world(name: &str, make: fn(&World, &mut Draw) -> Call) -> Operation {
    on_world_after(name, |_, _| {}, make)
}

fn on_world_after(
    name: &str,
    prepare: fn(&mut Chain, &World),
    make: fn(&World, &mut Draw) -> Call,
) -> Operation {
    Operation::new(&format!("aave_v3.{name}"), move |chain| {
        let world = set_up(chain);
        prepare(chain, &world);
        let pool = world.pool;
        let assets = [
            ("usdc", world.usdc),
            ("weth", world.weth),
            ("dai", world.dai),
        ];
        let mut ready = Ready::new(move |draw| make(&world, draw));
        for (name, asset) in assets {
            let signature = "getReserveData(address)";
            let data = chain.view(pool, signature, &values![asset]);
            let [a_token, debt] = [A_TOKEN, VARIABLE_DEBT_TOKEN].map(|place| address(data[place]));
            for (figure, place) in [
                ("liquidity_index", LIQUIDITY_INDEX),
                ("variable_borrow_index", VARIABLE_BORROW_INDEX),
            ] {
                let name = format!("{name}.{figure}");
                ready = ready.show_view(name, pool, signature, values![asset], place);
            }
            for (figure, token) in [("scaled_supply", a_token), ("scaled_debt", debt)] {
                let name = format!("{name}.{figure}");
                ready = ready.show_view(name, token, "scaledTotalSupply()", vec![], 0);
            }
            ready = ready.show_balance(format!("{name}.cash"), asset, a_token);
        }
        ready
    })
}

/// Collateral is worth less than the debt with the liquidator's bonus.
fn make_unhealthy(chain: &mut Chain, world: &World) {
    let feeds = add_feeds(chain, &[1_000]);
    let values = values![[world.weth].as_slice(), feeds.as_slice()];
    chain.deployer_sends(
        world.oracle,
        "setAssetSources(address[],address[])",
        &values,
    );
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_world("supply", |world, draw| {
            let values = values![world.dai, draw.amount(SOME_TOKENS), draw.from(), 0];
            Call::new(
                world.pool,
                "supply(address,uint256,address,uint16)",
                &values,
            )
        }),
        on_world("withdraw", |world, draw| {
            let values = values![world.dai, draw.amount(SOME_TOKENS), draw.from()];
            Call::new(world.pool, "withdraw(address,uint256,address)", &values)
        }),
        on_world("borrow", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            borrow(world, draw.from(), amount)
        }),
        on_world("repay", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            let values = values![world.usdc, amount, VARIABLE_RATE, draw.from()];
            Call::new(
                world.pool,
                "repay(address,uint256,uint256,address)",
                &values,
            )
        }),
        on_world_after("liquidationCall", make_unhealthy, |world, draw| {
            let (debtor, amount) = (draw.neighbour(1), draw.amount(SOME_TOKENS));
            let values = values![world.weth, world.usdc, debtor, amount, false];
            let signature = "liquidationCall(address,address,address,uint256,bool)";
            Call::new(world.pool, signature, &values)
        }),
    ]
}
