//! A chain in memory: funded accounts, and contracts by their bytecode.

use crate::abi::{Value, address, call, encode};
use crate::operation::Call;
use crate::values;
use revm::{
    Context, Database, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{BlockEnv, TxEnv, result::ExecutionResult},
    database::InMemoryDB,
    handler::MainnetContext,
    primitives::{Address, Bytes, TxKind, U256, hex, keccak256},
    state::AccountInfo,
};
use serde_json::Value as Json;
use std::collections::HashMap;

pub type Evm = MainnetEvm<MainnetContext<InMemoryDB>>;

/// As in `runnel bench contracts`.
pub const ACCOUNT_COUNT: usize = 1_000;
const START_TIME: u64 = 1_700_000_000;
const BASE_FEE: u64 = 7;
const MAX_FEE: u128 = 10;
const PRIORITY_FEE: u128 = 1;

pub struct Chain<'a> {
    pub evm: Evm,
    pub accounts: Vec<Address>,
    /// Owns what has an owner, and no share of anything that is measured.
    pub deployer: Address,
    /// Creation bytecode by contract, as compile.js writes it.
    artifacts: &'a Json,
    libraries: HashMap<String, Address>,
    nonces: HashMap<Address, u64>,
}

pub fn power_of_ten(exponent: u64) -> U256 {
    U256::from(10).pow(U256::from(exponent))
}

/// So many whole units of a token with 18 decimals.
pub fn tokens(whole: u64) -> U256 {
    U256::from(whole) * power_of_ten(18)
}

impl<'a> Chain<'a> {
    pub fn new(artifacts: &'a Json) -> Self {
        let address_of = |index: u64| Address::from_word(keccak256(index.to_be_bytes()));
        let mut database = InMemoryDB::default();
        let plenty = AccountInfo::from_balance(power_of_ten(30));
        let accounts: Vec<_> = (1..=ACCOUNT_COUNT as u64).map(address_of).collect();
        let deployer = address_of(0);
        for account in accounts.iter().chain([&deployer]) {
            database.insert_account_info(*account, plenty.clone());
        }
        let mut chain = Self {
            evm: Context::mainnet().with_db(database).build_mainnet(),
            accounts,
            deployer,
            artifacts,
            libraries: HashMap::new(),
            nonces: HashMap::new(),
        };
        chain.leave_genesis();
        chain
    }

    /// A block that is measured; what comes before is all in a block 1 of its own, at the start.
    pub fn begin_block(&mut self, number: u64) {
        self.set_block(number, START_TIME + 12 * number);
    }

    /// Nothing has happened: contracts that count blocks are there from the start.
    pub fn return_to_genesis(&mut self) {
        self.set_block(0, START_TIME);
    }

    pub fn leave_genesis(&mut self) {
        self.set_block(1, START_TIME);
    }

    fn set_block(&mut self, number: u64, timestamp: u64) {
        self.evm.set_block(BlockEnv {
            number: U256::from(number),
            beneficiary: Address::repeat_byte(0xbe),
            timestamp: U256::from(timestamp),
            gas_limit: u64::MAX,
            basefee: BASE_FEE,
            ..Default::default()
        });
    }

    /// The next transaction of this account.
    pub fn transaction(&mut self, from: Address, to: TxKind, value: u64, data: Bytes) -> TxEnv {
        let nonce = self.nonces.entry(from).or_default();
        let transaction = build(from, *nonce, to, value, data);
        *nonce += 1;
        transaction
    }

    /// Something before the measurement, which has to succeed; what it returned.
    pub fn send(&mut self, from: Address, to: Address, signature: &str, values: &[Value]) -> Bytes {
        let transaction = self.transaction(from, TxKind::Call(to), 0, call(signature, values));
        let outcome = self.evm.transact_commit(transaction).expect("valid");
        expect_success(&outcome, signature)
    }

    pub fn send_call(&mut self, from: Address, call: Call) {
        let to = TxKind::Call(call.to);
        let transaction = self.transaction(from, to, call.value, call.data);
        let outcome = self.evm.transact_commit(transaction).expect("valid");
        expect_success(&outcome, "set-up");
    }

    pub fn deployer_sends(&mut self, to: Address, signature: &str, values: &[Value]) -> Bytes {
        self.send(self.deployer, to, signature, values)
    }

    /// A contract's answer to a call, of which nothing is kept.
    pub fn view(&mut self, contract: Address, signature: &str, values: &[Value]) -> Vec<U256> {
        let nonce = self.nonces.get(&self.deployer).copied().unwrap_or(0);
        let kind = TxKind::Call(contract);
        let transaction = build(self.deployer, nonce, kind, 0, call(signature, values));
        let outcome = self.evm.transact(transaction).expect("valid").result;
        expect_success(&outcome, signature)
            .chunks(32)
            .map(U256::from_be_slice)
            .collect()
    }

    pub fn coins(&mut self, account: Address) -> U256 {
        let found = self.evm.ctx.journaled_state.database.basic(account);
        found
            .expect("no database that fails")
            .map_or(U256::ZERO, |info| info.balance)
    }

    /// With the libraries that its bytecode names, each deployed once.
    pub fn deploy(&mut self, contract: &str, values: &[Value]) -> Address {
        let artifacts = self.artifacts;
        let mut text = artifacts[contract]
            .as_str()
            .unwrap_or_else(|| panic!("no bytecode of {contract}"))
            .to_string();
        while let Some(start) = text.find("__") {
            let library = text[start..start + 40].trim_matches('_').to_string();
            let known = self.libraries.get(&library).copied();
            let address = known.unwrap_or_else(|| self.deploy(&library, &[]));
            self.libraries.insert(library, address);
            text.replace_range(start..start + 40, &hex::encode(address));
        }
        let mut data = hex::decode(text).expect("bytecode in hexadecimal");
        data.extend(encode(values));
        let transaction = self.transaction(self.deployer, TxKind::Create, 0, data.into());
        let outcome = self.evm.transact_commit(transaction).expect("valid");
        expect_success(&outcome, contract);
        outcome.created_address().expect("an address")
    }

    /// Tokens in the order of their addresses, of which every account holds 10^30.
    pub fn add_tokens<const COUNT: usize>(&mut self) -> [Address; COUNT] {
        let mut added = [Address::ZERO; COUNT];
        for token in &mut added {
            *token = self.deploy("Token", &values![power_of_ten(40)]);
            for account in self.accounts.clone() {
                self.give(*token, account, power_of_ten(30));
            }
        }
        added.sort();
        added
    }

    /// Of the deployer's.
    pub fn give(&mut self, token: Address, to: Address, amount: U256) {
        self.deployer_sends(token, "transfer(address,uint256)", &values![to, amount]);
    }

    /// Lets the spender spend 10^40 of every account's tokens: enough, but counted.
    pub fn approve_all(&mut self, token: Address, spender: Address) {
        for account in self.accounts.clone() {
            self.approve(account, token, spender);
        }
    }

    pub fn approve(&mut self, owner: Address, token: Address, spender: Address) {
        let values = values![spender, power_of_ten(40)];
        self.send(owner, token, "approve(address,uint256)", &values);
    }

    pub fn balance(&mut self, token: Address, holder: Address) -> U256 {
        self.view(token, "balanceOf(address)", &values![holder])[0]
    }

    /// A contract that another has created, by what the other says.
    pub fn address(&mut self, contract: Address, signature: &str, values: &[Value]) -> Address {
        address(self.view(contract, signature, values)[0])
    }
}

/// Panics when the transaction did not succeed.
pub fn expect_success(outcome: &ExecutionResult, what: &str) -> Bytes {
    match outcome {
        ExecutionResult::Success { output, .. } => output.data().clone(),
        other => panic!("{what}: {other:?}"),
    }
}

fn build(caller: Address, nonce: u64, kind: TxKind, value: u64, data: Bytes) -> TxEnv {
    TxEnv::builder()
        .caller(caller)
        .nonce(nonce)
        .kind(kind)
        .value(U256::from(value))
        .data(data)
        .gas_limit(10_000_000)
        .max_fee_per_gas(MAX_FEE)
        .gas_priority_fee(Some(PRIORITY_FEE))
        .build()
        .expect("a complete transaction")
}
