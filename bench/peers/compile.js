// Compiles the published sources with the compilers their authors used, and checks that the Uniswap
// bytecode equals the published one. Writes {contract: creation bytecode} to the file named.
// Usage: node compile.js OUT.json
'use strict';
const fs = require('fs');
const path = require('path');

const modules = path.join(__dirname, 'node_modules');

/// Files below `folder`, by their path from `root`, as their authors' compilers saw them.
function sources(root, folder, found = {}) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) sources(root, name, found);
    else if (name.endsWith('.sol')) found[name] = { content: fs.readFileSync(path.join(root, name), 'utf8') };
  }
  return found;
}

function compile(compiler, files, settings) {
  const solc = require(compiler);
  const input = {
    language: 'Solidity',
    sources: files,
    settings: { ...settings, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
  };
  const imported = (name) => ({ contents: fs.readFileSync(path.join(modules, name), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imported }));
  const errors = (output.errors || []).filter((error) => error.severity === 'error');
  if (errors.length !== 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'));
  return (file, contract) => output.contracts[file][contract].evm.bytecode.object;
}

function published(project, contract, bytecode) {
  const { bytecode: known } = require(`${project}/build/${contract}.json`);
  if (known.replace(/^0x/, '') !== bytecode) throw new Error(`${contract}: not the published bytecode`);
  return bytecode;
}

/// One of Uniswap's projects, all contracts in one compilation: their metadata hashes depend on it.
function uniswap(project, compiler, names) {
  const root = path.join(modules, project);
  const settings = { evmVersion: 'istanbul', optimizer: { enabled: true, runs: 999999 } };
  const bytecode = compile(compiler, sources(root, 'contracts'), settings);
  const contracts = {};
  for (const [name, file] of Object.entries(names)) contracts[name] = published(project, name, bytecode(file, name));
  return contracts;
}

function ours(names) {
  const settings = { optimizer: { enabled: true, runs: 999999 } };
  const bytecode = compile('solc', sources(__dirname, 'contracts'), settings);
  return Object.fromEntries(names.map((name) => [name, bytecode(`contracts/${name}.sol`, name)]));
}

const contracts = {
  ...uniswap('@uniswap/v2-core', 'solc-0.5.16', { UniswapV2Factory: 'contracts/UniswapV2Factory.sol' }),
  ...uniswap('@uniswap/v2-periphery', 'solc-0.6.6', {
    UniswapV2Router02: 'contracts/UniswapV2Router02.sol',
    WETH9: 'contracts/test/WETH9.sol',
  }),
  ...ours(['Token', 'PairCaller']),
};
fs.writeFileSync(process.argv[2], JSON.stringify(contracts));
