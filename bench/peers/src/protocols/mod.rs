//! The operations, protocol by protocol.

mod aave_v3;
mod compound_v2;
mod erc4626;
mod morpho_blue;
mod tokens;
mod uniswap_v2;
mod uniswap_v3;
mod uniswap_v4;

use crate::operation::Operation;

pub fn operations() -> Vec<Operation> {
    [
        tokens::operations(),
        uniswap_v2::operations(),
        uniswap_v3::operations(),
        uniswap_v4::operations(),
        aave_v3::operations(),
        compound_v2::operations(),
        morpho_blue::operations(),
        erc4626::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
