//! Runs Uniswap v2 and ERC-20 operations on real bytecode in revm, and prints what each costs.
//! Usage: revm_bench ARTIFACTS.json [RUNS]

mod abi;
mod operations;
mod world;

use operations::{Change, Effects, OPERATIONS, Operation, Probe, Random};
use revm::context::TxEnv;
use revm::{ExecuteCommitEvm, ExecuteEvm, primitives::U256};
use serde_json::{Value, json};
use std::collections::HashMap;
use world::{World, expect_success};

/// As in `runnel bench contracts`.
const ACCOUNTS: usize = 1_000;
const BLOCK_SIZE: usize = 1_000;

/// When changes go from revm's journal to its database.
#[derive(Clone, Copy)]
enum Commit {
    EachTransaction,
    EachBlock,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .expect("usage: revm_bench ARTIFACTS.json [RUNS]");
    let runs = arguments
        .next()
        .map_or(5, |text| text.parse().expect("RUNS: a number"));
    let text = std::fs::read_to_string(file).expect("the artifacts");
    let artifacts: Value = serde_json::from_str(&text).expect("JSON of artifacts");
    let mut figures = serde_json::Map::new();
    for operation in OPERATIONS {
        let each = measure(operation, &artifacts, Commit::EachTransaction, runs);
        let block = measure(operation, &artifacts, Commit::EachBlock, runs);
        figures.insert(
            operation.name.into(),
            json!({"commit_each_transaction_ns": each, "commit_each_block_ns": block}),
        );
    }
    println!("{}", json!({"bench": "revm", "operations": figures}));
}

/// CPU time of this thread, in nanoseconds: others may use the core meanwhile.
fn thread_ns() -> f64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of ours.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0, "no clock of this thread");
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Nanoseconds per transaction: the median of `runs` blocks, after one that warms caches up.
fn measure(operation: &Operation, artifacts: &Value, commit: Commit, runs: usize) -> f64 {
    let mut world = World::new(artifacts, ACCOUNTS);
    let mut random = Random(1);
    let mut block_ns = Vec::new();
    for run in 0..=runs {
        world.begin_block();
        let mut transactions = Vec::with_capacity(BLOCK_SIZE);
        let mut effects = Effects::new();
        for _ in 0..BLOCK_SIZE {
            let sender = random.below(ACCOUNTS as u64) as usize;
            let (transaction, changes) = (operation.make)(&mut world, sender, &mut random);
            transactions.push(transaction);
            effects.extend(changes);
        }
        let expected = expected_after(&mut world, effects);
        let ns = run_block(&mut world, transactions, commit);
        for (probe, value) in expected {
            assert_eq!(
                read(&mut world, &probe),
                value,
                "{}: a wrong result",
                operation.name
            );
        }
        if run > 0 {
            block_ns.push(ns / BLOCK_SIZE as f64);
        }
    }
    median(block_ns)
}

fn run_block(world: &mut World, transactions: Vec<TxEnv>, commit: Commit) -> f64 {
    let mut outcomes = Vec::with_capacity(transactions.len());
    let start = thread_ns();
    for transaction in transactions {
        outcomes.push(match commit {
            Commit::EachTransaction => world.evm.transact_commit(transaction),
            Commit::EachBlock => world.evm.transact_one(transaction),
        });
    }
    world.evm.commit_inner();
    let elapsed = thread_ns() - start;
    for outcome in outcomes {
        expect_success(&outcome.expect("a valid transaction"));
    }
    elapsed
}

fn read(world: &mut World, probe: &Probe) -> U256 {
    match probe {
        Probe::Coins(account) => world.coins(*account),
        Probe::View(contract, data) => world.view(*contract, data.clone()),
    }
}

fn expected_after(world: &mut World, effects: Effects) -> HashMap<Probe, U256> {
    let mut expected = HashMap::new();
    for (probe, change) in effects {
        let value = expected
            .entry(probe)
            .or_insert_with_key(|key| read(world, key));
        *value = match change {
            Change::By(amount) if amount < 0 => *value - U256::from(amount.unsigned_abs()),
            Change::By(amount) => *value + U256::from(amount.unsigned_abs()),
            Change::To(amount) => amount,
        };
    }
    expected
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}
