//! Runs operations on real bytecode in revm, and prints what each costs and what it led to.
//! Usage: revm_bench ARTIFACTS.json [RUNS [ONLY]]

mod abi;
mod chain;
mod operation;
mod protocols;
mod random;

use chain::{ACCOUNT_COUNT, Chain, expect_success};
use operation::{Draw, Operation, Ready};
use random::Random;
use revm::context::TxEnv;
use revm::primitives::TxKind;
use revm::{ExecuteCommitEvm, ExecuteEvm};
use serde_json::{Map, Value, json};

/// As in `runnel bench contracts`.
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
        .expect("usage: revm_bench ARTIFACTS.json [RUNS [ONLY]]");
    let runs = arguments
        .next()
        .map_or(5, |text| text.parse().expect("RUNS: a number"));
    let only = arguments.next().unwrap_or_default();
    let text = std::fs::read_to_string(file).expect("the artifacts");
    let artifacts: Value = serde_json::from_str(&text).expect("JSON of artifacts");
    let mut figures = Map::new();
    for operation in protocols::operations() {
        if !operation.name.contains(&only) {
            continue;
        }
        let (each, results) = measure(&operation, &artifacts, Commit::EachTransaction, runs);
        let (block, same) = measure(&operation, &artifacts, Commit::EachBlock, runs);
        assert_eq!(results, same, "{}: other results", operation.name);
        figures.insert(
            operation.name,
            json!({"commit_each_transaction_ns": each, "commit_each_block_ns": block,
                   "results": results}),
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

/// Nanoseconds per transaction: the median of `runs` blocks, after one that warms caches up; and
/// what all of them led to.
fn measure(
    operation: &Operation,
    artifacts: &Value,
    commit: Commit,
    runs: u64,
) -> (f64, Map<String, Value>) {
    let mut chain = Chain::new(artifacts);
    let mut ready = (operation.set_up)(&mut chain);
    let mut block_ns = Vec::new();
    for number in 1..=runs + 1 {
        chain.begin_block(number);
        let transactions = make_block(&mut chain, &mut ready, number);
        let ns = run_block(&mut chain, transactions, commit, &operation.name);
        if number > 1 {
            block_ns.push(ns / BLOCK_SIZE as f64);
        }
    }
    let results = ready
        .results
        .iter()
        .map(|(name, read)| (name.clone(), json!(read(&mut chain).to_string())))
        .collect();
    (median(block_ns), results)
}

fn make_block(chain: &mut Chain, ready: &mut Ready, number: u64) -> Vec<TxEnv> {
    let accounts = chain.accounts.clone();
    let mut random = Random::of_block(number);
    let mut transactions = Vec::with_capacity(BLOCK_SIZE);
    for _ in 0..BLOCK_SIZE {
        let sender = random.below(ACCOUNT_COUNT as u64) as usize;
        let somebody = random.below(ACCOUNT_COUNT as u64) as usize;
        let mut draw = Draw {
            random: &mut random,
            accounts: &accounts,
            sender,
            somebody,
        };
        let call = (ready.make)(&mut draw);
        let from = draw.from();
        transactions.push(chain.transaction(from, TxKind::Call(call.to), call.value, call.data));
    }
    transactions
}

fn run_block(chain: &mut Chain, transactions: Vec<TxEnv>, commit: Commit, name: &str) -> f64 {
    let mut outcomes = Vec::with_capacity(transactions.len());
    let start = thread_ns();
    for transaction in transactions {
        outcomes.push(match commit {
            Commit::EachTransaction => chain.evm.transact_commit(transaction),
            Commit::EachBlock => chain.evm.transact_one(transaction),
        });
    }
    chain.evm.commit_inner();
    let elapsed = thread_ns() - start;
    for outcome in outcomes {
        expect_success(&outcome.expect("a valid transaction"), name);
    }
    elapsed
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
