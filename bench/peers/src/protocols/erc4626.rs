//! OpenZeppelin's vault, of which everybody holds shares.

use crate::chain::power_of_ten;
use crate::operation::{Call, Draw, Operation, Ready};
use crate::values;
use revm::primitives::Address;

fn on_vault(name: &str, make: fn(Address, &mut Draw) -> Call) -> Operation {
    Operation::new(&format!("erc4626.{name}"), move |chain| {
        let [asset] = chain.add_tokens();
        let vault = chain.deploy("Vault", &values![asset]);
        chain.approve_all(asset, vault);
        for account in chain.accounts.clone() {
            let values = values![power_of_ten(24), account];
            chain.send(account, vault, "deposit(uint256,address)", &values);
        }
        // As much again by one holder, who is a vault of strategies there.
        let holder = chain.deployer;
        chain.approve(holder, asset, vault);
        let values = values![power_of_ten(27), holder];
        chain.send(holder, vault, "deposit(uint256,address)", &values);
        Ready::new(move |draw| make(vault, draw))
            .show_view("assets", vault, "totalAssets()", vec![], 0)
            .show_view("shares", vault, "totalSupply()", vec![], 0)
            .show_all("balances", move |chain, place| {
                chain.balance(vault, chain.accounts[place])
            })
    })
}

/// The account's own assets or shares.
fn enter(vault: Address, signature: &str, draw: &mut Draw) -> Call {
    let values = values![draw.amount(1_000), draw.from()];
    Call::new(vault, signature, &values)
}

fn leave(vault: Address, signature: &str, draw: &mut Draw) -> Call {
    let values = values![draw.amount(1_000), draw.from(), draw.from()];
    Call::new(vault, signature, &values)
}

pub fn operations() -> Vec<Operation> {
    vec![
        on_vault("deposit", |vault, draw| {
            enter(vault, "deposit(uint256,address)", draw)
        }),
        on_vault("mint", |vault, draw| {
            enter(vault, "mint(uint256,address)", draw)
        }),
        on_vault("withdraw", |vault, draw| {
            leave(vault, "withdraw(uint256,address,address)", draw)
        }),
        on_vault("redeem", |vault, draw| {
            leave(vault, "redeem(uint256,address,address)", draw)
        }),
    ]
}
