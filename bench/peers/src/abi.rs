//! Calls and constructor arguments in the encoding of contracts.

use revm::primitives::{Address, Bytes, U256, keccak256};

/// An argument of one word.
pub fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

/// `signature` as in Solidity, `words` already in the order of heads and tails.
pub fn call(signature: &str, words: &[U256]) -> Bytes {
    let mut data = keccak256(signature)[..4].to_vec();
    append(&mut data, words);
    data.into()
}

pub fn creation(bytecode: &[u8], arguments: &[U256]) -> Bytes {
    let mut data = bytecode.to_vec();
    append(&mut data, arguments);
    data.into()
}

fn append(data: &mut Vec<u8>, words: &[U256]) {
    for word in words {
        data.extend_from_slice(&word.to_be_bytes::<32>());
    }
}
