//! A chain in memory: funded accounts, three tokens, two pools, a router, all by real bytecode.

use crate::abi::{call, creation, word};
use revm::{
    Context, Database, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{BlockEnv, TxEnv, result::ExecutionResult},
    database::InMemoryDB,
    handler::MainnetContext,
    primitives::{Address, Bytes, TxKind, U256, hex, keccak256},
    state::AccountInfo,
};
use serde_json::Value;

pub type Evm = MainnetEvm<MainnetContext<InMemoryDB>>;

/// As in `runnel bench contracts`.
const BASE_FEE: u64 = 7;
const MAX_FEE: u128 = 10;
const PRIORITY_FEE: u128 = 1;
/// What a unit of gas costs then.
pub const GAS_PRICE: u64 = BASE_FEE + PRIORITY_FEE as u64;

pub struct World {
    pub evm: Evm,
    pub accounts: Vec<Address>,
    pub tokens: [Address; 3],
    /// Of tokens 0 and 1, and of tokens 1 and 2.
    pub pairs: [Address; 2],
    pub router: Address,
    pub pair_caller: Address,
    nonces: Vec<u64>,
    deployer_nonce: u64,
    block_number: u64,
}

fn address_of(index: u64) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn power_of_ten(exponent: u64) -> U256 {
    U256::from(10).pow(U256::from(exponent))
}

impl World {
    /// `artifacts`: creation bytecode by contract, as compile.js writes it.
    pub fn new(artifacts: &Value, account_count: usize) -> Self {
        let mut database = InMemoryDB::default();
        let plenty = AccountInfo::from_balance(power_of_ten(30));
        let accounts: Vec<_> = (1..=account_count as u64).map(address_of).collect();
        for address in accounts.iter().chain([&address_of(0)]) {
            database.insert_account_info(*address, plenty.clone());
        }
        let evm = Context::mainnet().with_db(database).build_mainnet();
        let mut world = Self {
            evm,
            nonces: vec![0; account_count],
            accounts,
            tokens: Default::default(),
            pairs: Default::default(),
            router: Address::ZERO,
            pair_caller: Address::ZERO,
            deployer_nonce: 0,
            block_number: 0,
        };
        world.begin_block();
        world.deploy_all(artifacts);
        world.fund_accounts();
        world
    }

    /// The next block, twelve seconds later, so that pairs accumulate prices once in it.
    pub fn begin_block(&mut self) {
        self.block_number += 1;
        self.evm.set_block(BlockEnv {
            number: U256::from(self.block_number),
            beneficiary: Address::repeat_byte(0xbe),
            timestamp: U256::from(1 + 12 * self.block_number),
            gas_limit: u64::MAX,
            basefee: BASE_FEE,
            ..Default::default()
        });
    }

    /// The next transaction of account `sender`.
    pub fn transaction(&mut self, sender: usize, to: Address, value: u64, data: Bytes) -> TxEnv {
        let nonce = self.nonces[sender];
        self.nonces[sender] += 1;
        build(self.accounts[sender], nonce, TxKind::Call(to), value, data)
    }

    pub fn coins(&mut self, account: Address) -> U256 {
        let found = self.evm.ctx.journaled_state.database.basic(account);
        found
            .expect("no database that fails")
            .map_or(U256::ZERO, |info| info.balance)
    }

    /// What a contract answers to a call, of which nothing is kept.
    pub fn view(&mut self, contract: Address, data: Bytes) -> U256 {
        let nonce = self.deployer_nonce;
        let transaction = build(address_of(0), nonce, TxKind::Call(contract), 0, data);
        let outcome = self
            .evm
            .transact(transaction)
            .expect("a valid transaction")
            .result;
        U256::from_be_slice(&expect_success(&outcome)[..32])
    }

    fn deployer_sends(&mut self, kind: TxKind, data: Bytes) -> ExecutionResult {
        let transaction = build(address_of(0), self.deployer_nonce, kind, 0, data);
        self.deployer_nonce += 1;
        let outcome = self
            .evm
            .transact_commit(transaction)
            .expect("a valid transaction");
        expect_success(&outcome);
        outcome
    }

    fn deploy(&mut self, artifacts: &Value, contract: &str, arguments: &[U256]) -> Address {
        let text = artifacts[contract]
            .as_str()
            .expect("bytecode of the contract");
        let bytecode = hex::decode(text).expect("bytecode in hexadecimal");
        let outcome = self.deployer_sends(TxKind::Create, creation(&bytecode, arguments));
        outcome.created_address().expect("an address")
    }

    fn deploy_all(&mut self, artifacts: &Value) {
        let deployer = word(address_of(0));
        for i in 0..3 {
            self.tokens[i] = self.deploy(artifacts, "Token", &[power_of_ten(40)]);
        }
        let factory = self.deploy(artifacts, "UniswapV2Factory", &[deployer]);
        let wrapped = self.deploy(artifacts, "WETH9", &[]);
        self.router = self.deploy(
            artifacts,
            "UniswapV2Router02",
            &[word(factory), word(wrapped)],
        );
        self.pair_caller = self.deploy(artifacts, "PairCaller", &[]);
        for i in 0..2 {
            let tokens = [word(self.tokens[i]), word(self.tokens[i + 1])];
            let create = call("createPair(address,address)", &tokens);
            self.deployer_sends(TxKind::Call(factory), create);
            let found = self.view(factory, call("getPair(address,address)", &tokens));
            self.pairs[i] = Address::from_word(found.to_be_bytes::<32>().into());
            for token in [self.tokens[i], self.tokens[i + 1]] {
                self.deployer_transfers(token, self.pairs[i], power_of_ten(24));
            }
            self.deployer_sends(
                TxKind::Call(self.pairs[i]),
                call("mint(address)", &[deployer]),
            );
        }
        self.deployer_transfers(self.tokens[0], self.pair_caller, power_of_ten(30));
    }

    fn deployer_transfers(&mut self, token: Address, to: Address, amount: U256) {
        let data = call("transfer(address,uint256)", &[word(to), amount]);
        self.deployer_sends(TxKind::Call(token), data);
    }

    /// Every account holds each token and shares of the first pool, and lets the router and its
    /// successor spend them, so that no measured operation fills an empty slot.
    fn fund_accounts(&mut self) {
        let spender = word(self.router);
        let approve = call("approve(address,uint256)", &[spender, power_of_ten(40)]);
        let held = [
            self.tokens[0],
            self.tokens[1],
            self.tokens[2],
            self.pairs[0],
        ];
        for i in 0..self.accounts.len() {
            let successor = word(self.accounts[(i + 1) % self.accounts.len()]);
            let lend = call("approve(address,uint256)", &[successor, power_of_ten(40)]);
            for token in held {
                let amount = if token == self.pairs[0] { 18 } else { 30 };
                self.deployer_transfers(token, self.accounts[i], power_of_ten(amount));
                for data in [&approve, &lend] {
                    let transaction = self.transaction(i, token, 0, data.clone());
                    let outcome = self.evm.transact_commit(transaction).expect("valid");
                    expect_success(&outcome);
                }
            }
        }
    }
}

/// Panics when the transaction did not succeed.
pub fn expect_success(outcome: &ExecutionResult) -> Bytes {
    match outcome {
        ExecutionResult::Success { output, .. } => output.data().clone(),
        other => panic!("a transaction of the benchmark failed: {other:?}"),
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
