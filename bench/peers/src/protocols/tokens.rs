//! Payments of coins, and OpenZeppelin's token.

use crate::abi::word;
use crate::chain::{ACCOUNT_COUNT, Chain};
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::{Address, Bytes};

pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new("native.transfer", native_transfer),
        on_token("transfer", |token, draw| {
            let values = values![draw.somebody(), draw.amount(1_000)];
            Call::new(token, "transfer(address,uint256)", &values)
        }),
        on_token("approve", |token, draw| {
            let values = values![draw.neighbour(1), draw.amount(1_000)];
            Call::new(token, "approve(address,uint256)", &values)
        }),
        on_token("transferFrom", |token, draw| {
            let owner = draw.neighbour(ACCOUNT_COUNT - 1);
            let values = values![owner, draw.somebody(), draw.amount(1_000)];
            Call::new(token, "transferFrom(address,address,uint256)", &values)
        }),
    ]
}

fn native_transfer(_: &mut Chain) -> Ready {
    Ready::new(|draw| Call {
        to: draw.somebody(),
        value: draw.random.amount(1_000),
        data: Bytes::new(),
    })
    .show_all("coins", |chain, place| chain.coins(chain.accounts[place]))
}

/// Everybody may spend what the account before has.
fn on_token(name: &str, make: fn(Address, &mut Draw) -> Call) -> Operation {
    Operation::new(&format!("erc20.{name}"), move |chain| {
        let [token] = chain.add_tokens();
        for place in 0..ACCOUNT_COUNT {
            let next = chain.accounts[(place + 1) % ACCOUNT_COUNT];
            chain.approve(chain.accounts[place], token, next);
        }
        Ready::new(move |draw| make(token, draw))
            .show_all("balances", move |chain, place| {
                chain.balance(token, chain.accounts[place])
            })
            .show_all("allowances", move |chain, place| {
                let next = chain.accounts[(place + 1) % ACCOUNT_COUNT];
                let values = values![word(chain.accounts[place]), word(next)];
                chain.view(token, "allowance(address,address)", &values)[0]
            })
    })
}
