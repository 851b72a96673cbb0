//! Morpho Blue: one market. Every account has supplied 1,000 DAI, and owes 100,000 DAI against 100
//! WETH. Rates are by the mock in Morpho's package, which holds no adaptive curve.

use crate::abi::Value;
use crate::chain::{ACCOUNT_COUNT, Chain, power_of_ten, tokens};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, U256};

/// A thousandth.
const SOME_TOKENS: u64 = 1_000_000_000_000_000;
/// What names a market in every call.
const MARKET: &str = "(address,address,address,address,uint256)";

struct World {
    dai: Address,
    weth: Address,
    morpho: Address,
    oracle: Address,
    market: Value,
}

fn dai_per_weth(whole: u64) -> U256 {
    U256::from(whole) * power_of_ten(36)
}

impl World {
    fn call(&self, name: &str, types: &str, mut values: Vec<Value>) -> Call {
        values.insert(0, self.market.clone());
        Call::new(self.morpho, &format!("{name}({MARKET}{types})"), &values)
    }

    /// Supply, repay: on one's own behalf, without a callback.
    fn bring(&self, name: &str, amount: U256, account: Address) -> Call {
        let values = values![amount, 0, account, ""];
        self.call(name, ",uint256,uint256,address,bytes", values)
    }

    /// Withdraw, borrow.
    fn take(&self, name: &str, amount: U256, account: Address) -> Call {
        let values = values![amount, 0, account, account];
        self.call(name, ",uint256,uint256,address,address", values)
    }

    fn supply_collateral(&self, amount: U256, account: Address) -> Call {
        let values = values![amount, account, ""];
        self.call("supplyCollateral", ",uint256,address,bytes", values)
    }
}

fn set_up(chain: &mut Chain) -> World {
    let deployer = chain.deployer;
    let [dai, weth] = chain.add_tokens();
    let oracle = chain.deploy("OracleMock", &[]);
    chain.deployer_sends(oracle, "setPrice(uint256)", &values![dai_per_weth(2_000)]);
    let rates = chain.deploy("IrmMock", &[]);
    let morpho = chain.deploy("Morpho", &values![deployer]);
    let threshold = U256::from(8) * power_of_ten(17);
    chain.deployer_sends(morpho, "enableIrm(address)", &values![rates]);
    chain.deployer_sends(morpho, "enableLltv(uint256)", &values![threshold]);
    for token in [dai, weth] {
        chain.approve_all(token, morpho);
    }
    chain.approve(deployer, dai, morpho);
    let world = World {
        dai,
        weth,
        morpho,
        oracle,
        market: Value::Tuple(values![dai, weth, oracle, rates, threshold]),
    };
    chain.send_call(deployer, world.call("createMarket", "", vec![]));
    let lent = tokens(200_000 * ACCOUNT_COUNT as u64);
    chain.send_call(deployer, world.bring("supply", lent, deployer));
    for account in chain.accounts.clone() {
        chain.send_call(account, world.bring("supply", tokens(1_000), account));
        chain.send_call(account, world.supply_collateral(tokens(100), account));
        chain.send_call(account, world.take("borrow", tokens(100_000), account));
    }
    world
}

fn on_world(name: &str, make: fn(&World, &mut Draw) -> Call) -> Operation {
    on_world_after(name, |_, _| {}, make)
}

fn on_world_after(
    name: &str,
    prepare: fn(&mut Chain, &World),
    make: fn(&World, &mut Draw) -> Call,
) -> Operation {
    Operation::new(&format!("morpho_blue.{name}"), move |chain| {
        let world = set_up(chain);
        prepare(chain, &world);
        let (dai, weth, morpho) = (world.dai, world.weth, world.morpho);
        Ready::new(move |draw| make(&world, draw))
            .show_balance("dai", dai, morpho)
            .show_balance("weth", weth, morpho)
    })
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_world("supply", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            world.bring("supply", amount, draw.from())
        }),
        on_world("withdraw", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            world.take("withdraw", amount, draw.from())
        }),
        on_world("supplyCollateral", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            world.supply_collateral(amount, draw.from())
        }),
        on_world("borrow", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            world.take("borrow", amount, draw.from())
        }),
        on_world("repay", |world, draw| {
            let amount = draw.amount(SOME_TOKENS);
            world.bring("repay", amount, draw.from())
        }),
        on_world_after(
            "liquidate",
            |chain, world| {
                let values = values![dai_per_weth(1_000)];
                chain.deployer_sends(world.oracle, "setPrice(uint256)", &values);
            },
            |world, draw| {
                let (debtor, seized) = (draw.neighbour(1), draw.amount(SOME_TOKENS));
                let values = values![debtor, seized, 0, ""];
                world.call("liquidate", ",address,uint256,uint256,bytes", values)
            },
        ),
        on_world("accrueInterest", |world, _| {
            world.call("accrueInterest", "", vec![])
        }),
    ]
}
