//! Calls and constructor arguments in the encoding of contracts.

use revm::primitives::{Address, Bytes, U256, keccak256};

/// An argument, or a member of one.
#[derive(Clone)]
pub enum Value {
    Word(U256),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Tuple(Vec<Value>),
}

impl From<Address> for Value {
    fn from(address: Address) -> Self {
        Self::Word(word(address))
    }
}

impl From<U256> for Value {
    fn from(number: U256) -> Self {
        Self::Word(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Word(U256::from(number))
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Word(signed(number.into()))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Word(U256::from(u8::from(truth)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(members: &[T]) -> Self {
        Self::Array(members.iter().cloned().map(Into::into).collect())
    }
}

/// The arguments of a call, or of a tuple: `values![a, b]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::abi::Value::from($value)),*] };
}

impl Value {
    fn is_dynamic(&self) -> bool {
        match self {
            Self::Word(_) => false,
            Self::Bytes(_) | Self::Array(_) => true,
            Self::Tuple(members) => members.iter().any(Self::is_dynamic),
        }
    }

    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Word(number) => number.to_be_bytes_vec(),
            Self::Bytes(bytes) => {
                let mut data = U256::from(bytes.len()).to_be_bytes_vec();
                data.extend_from_slice(bytes);
                data.resize(data.len().next_multiple_of(32), 0);
                data
            }
            Self::Array(members) => {
                let mut data = U256::from(members.len()).to_be_bytes_vec();
                data.extend(encode(members));
                data
            }
            Self::Tuple(members) => encode(members),
        }
    }
}

/// Heads, then the tails that they point to.
pub fn encode(values: &[Value]) -> Vec<u8> {
    let parts: Vec<_> = values
        .iter()
        .map(|value| (value.is_dynamic(), value.encoded()))
        .collect();
    let head_size: usize = parts
        .iter()
        .map(|(dynamic, data)| if *dynamic { 32 } else { data.len() })
        .sum();
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for (dynamic, data) in parts {
        if dynamic {
            heads.extend(U256::from(head_size + tails.len()).to_be_bytes_vec());
            tails.extend(data);
        } else {
            heads.extend(data);
        }
    }
    heads.extend(tails);
    heads
}

pub fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

pub fn address(word: U256) -> Address {
    Address::from_word(word.to_be_bytes::<32>().into())
}

/// In two's complement.
pub fn signed(number: i128) -> U256 {
    let magnitude = U256::from(number.unsigned_abs());
    if number < 0 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// `signature` as in Solidity, with types written out.
pub fn call(signature: &str, values: &[Value]) -> Bytes {
    let mut data = keccak256(signature)[..4].to_vec();
    data.extend(encode(values));
    data.into()
}
