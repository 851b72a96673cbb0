//! What is measured: an operation's world, its transactions, and the figures that show its results.

use crate::abi::{Value, call};
use crate::chain::Chain;
use crate::random::Random;
use revm::primitives::{Address, Bytes, U256};

/// One transaction to be made.
pub struct Draw<'a> {
    pub random: &'a mut Random,
    pub accounts: &'a [Address],
    /// The place of an account; another may replace it.
    pub sender: usize,
    /// Another place, perhaps the same.
    pub somebody: usize,
}

impl Draw<'_> {
    pub fn from(&self) -> Address {
        self.accounts[self.sender]
    }

    pub fn somebody(&self) -> Address {
        self.accounts[self.somebody]
    }

    /// The account so far after the sender, in a ring.
    pub fn neighbour(&self, offset: usize) -> Address {
        self.accounts[(self.sender + offset) % self.accounts.len()]
    }

    pub fn amount(&mut self, low: u64) -> U256 {
        U256::from(self.random.amount(low))
    }
}

pub struct Call {
    pub to: Address,
    pub value: u64,
    pub data: Bytes,
}

impl Call {
    pub fn new(to: Address, signature: &str, values: &[Value]) -> Self {
        Self {
            to,
            value: 0,
            data: call(signature, values),
        }
    }
}

type Read = Box<dyn Fn(&mut Chain) -> U256>;

/// A world that is ready.
pub struct Ready {
    pub make: Box<dyn FnMut(&mut Draw) -> Call>,
    /// By the names that `runnel bench contracts` gives them.
    pub results: Vec<(String, Read)>,
}

impl Ready {
    pub fn new(make: impl FnMut(&mut Draw) -> Call + 'static) -> Self {
        Self {
            make: Box::new(make),
            results: Vec::new(),
        }
    }

    pub fn show(
        mut self,
        name: impl Into<String>,
        read: impl Fn(&mut Chain) -> U256 + 'static,
    ) -> Self {
        self.results.push((name.into(), Box::new(read)));
        self
    }

    /// A word of what a view answers.
    pub fn show_view(
        self,
        name: impl Into<String>,
        contract: Address,
        signature: &'static str,
        values: Vec<Value>,
        place: usize,
    ) -> Self {
        self.show(name, move |chain| {
            chain.view(contract, signature, &values)[place]
        })
    }

    pub fn show_balance(self, name: impl Into<String>, token: Address, holder: Address) -> Self {
        self.show(name, move |chain| chain.balance(token, holder))
    }

    /// One number that changes with any account's.
    pub fn show_all(
        self,
        name: impl Into<String>,
        of_place: impl Fn(&mut Chain, usize) -> U256 + 'static,
    ) -> Self {
        self.show(name, move |chain| {
            (0..chain.accounts.len()).fold(U256::ZERO, |sum, place| {
                let weight = U256::from(place + 1);
                sum.wrapping_add(weight.wrapping_mul(of_place(chain, place)))
            })
        })
    }
}

pub struct Operation {
    /// As in `runnel bench contracts`.
    pub name: String,
    pub set_up: Box<dyn Fn(&mut Chain) -> Ready>,
}

impl Operation {
    pub fn new(name: &str, set_up: impl Fn(&mut Chain) -> Ready + 'static) -> Self {
        Self {
            name: name.to_string(),
            set_up: Box::new(set_up),
        }
    }
}
